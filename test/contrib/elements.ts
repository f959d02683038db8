/** Cases: activations, sums and small operators. */
import { fromNumbers } from '../../lib/tensor/tensor.js';
import { type Dice, type Draw, type NodeCase, f32, i32, i64 } from './case.js';

const shapeOf = (r: Dice, rank = r.int(1, 4)): number[] =>
  Array.from({ length: rank }, () => r.int(1, 6));
const FLOAT = ['float32'] as const;

/** x, and a bias of its last axis where `p` says so. */
const biased =
  (op: string, p: number): Draw =>
  (r) => {
    const shape = shapeOf(r);
    const bias = r.chance(p) ? r.tensor([shape.at(-1)!]) : null;
    return { op, inputs: bias ? [r.tensor(shape, 2), bias] : [r.tensor(shape, 2)], outputs: FLOAT };
  };

function matrices(r: Dice, op: string, batched: boolean): NodeCase {
  const [m, k, n] = [r.int(1, 6), r.int(1, 9), r.int(1, 6)];
  const lead = batched ? shapeOf(r, r.int(0, 3)) : [];
  const batches = op === 'FusedMatMul' && lead.length > 0 && r.chance(0.3);
  const side = (rows: number, columns: number, trans: boolean): number[] => {
    const [a, b] = trans ? [columns, rows] : [rows, columns];
    return batches ? [a, ...lead, b] : [...lead, a, b];
  };
  const [transA, transB] = [r.chance(), r.chance()];
  return {
    op,
    inputs: [r.tensor(side(m, k, transA)), r.tensor(side(k, n, transB))],
    outputs: FLOAT,
    attributes: {
      transA: Number(transA),
      transB: Number(transB),
      ...(r.chance() ? { alpha: { float: 0.75 } } : {}),
      ...(batches ? { transBatchA: 1, transBatchB: 1 } : {}),
    },
  };
}

function fusedGemm(r: Dice): NodeCase {
  const c = matrices(r, 'FusedGemm', false);
  const [a, b] = c.inputs;
  const { transA, transB } = c.attributes as { transA: number; transB: number };
  const [m, n] = [a!.shape[transA ? 1 : 0]!, b!.shape[transB ? 0 : 1]!];
  const bias = r.pick([[n], [1, n], [m, n], [m, 1], []]);
  const activation = r.pick(['Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Softplus', 'HardSigmoid']);
  const params = {
    ...(activation === 'LeakyRelu' ? { activation_alpha: { float: 0.3 } } : {}),
    ...(activation === 'HardSigmoid'
      ? { activation_alpha: { float: 0.3 }, activation_beta: { float: 0.4 } }
      : {}),
  };
  return {
    ...c,
    inputs: [...c.inputs, r.tensor(bias)],
    attributes: { ...c.attributes, beta: { float: 0.5 }, activation, ...params },
  };
}

const ACTIVATIONS: readonly (readonly [string, readonly number[]])[] = [
  ['Relu', []],
  ['Tanh', []],
  ['Sigmoid', []],
  ['LeakyRelu', [0.2]],
  ['Clip', [-0.5, 0.7]],
  ['HardSigmoid', [0.3, 0.4]],
];

function fusedConv(r: Dice): NodeCase {
  const group = r.pick([1, 1, 2]);
  const [c, m, k] = [2 * r.int(1, 4), 2 * r.int(1, 5), r.pick([1, 3])];
  const [h, w] = [r.int(3, 8), r.int(3, 8)];
  const [activation, params] = r.pick(ACTIVATIONS);
  const sum = r.chance();
  const pad = (k - 1) / 2;
  const inputs = [r.tensor([1, c, h, w]), r.tensor([m, c / group, k, k], 0.3), r.tensor([m])];
  return {
    op: 'FusedConv',
    inputs: sum ? [...inputs, r.tensor([1, m, h, w])] : inputs,
    constants: r.chance() ? [1, 2] : [],
    outputs: FLOAT,
    attributes: {
      group,
      kernel_shape: [k, k],
      pads: [pad, pad, pad, pad],
      activation,
      ...(params.length > 0 ? { activation_params: { floats: params } } : {}),
    },
  };
}

export const ELEMENTS: Readonly<Record<string, Draw>> = {
  Gelu: biased('Gelu', 0),
  QuickGelu: (r) => ({ ...biased('QuickGelu', 0)(r), attributes: { alpha: { float: 1.3 } } }),
  BiasGelu: biased('BiasGelu', 1),
  FastGelu: biased('FastGelu', 0.5),
  FusedMatMul: (r) => matrices(r, 'FusedMatMul', true),
  TransposeMatMul: (r) => matrices(r, 'TransposeMatMul', true),
  FusedGemm: fusedGemm,
  FusedConv: fusedConv,
  ExpandDims: (r) => {
    const shape = shapeOf(r);
    const axis = r.int(-shape.length - 1, shape.length + 1);
    return {
      op: 'ExpandDims',
      inputs: [r.tensor(shape), i32([], axis)],
      constants: [1],
      outputs: FLOAT,
    };
  },
  Trilu: (r) => ({
    op: 'Trilu',
    inputs: [r.tensor(shapeOf(r, 3)), i64([], r.int(-3, 4))],
    outputs: FLOAT,
    constants: [1],
    attributes: { upper: r.int(0, 2) },
  }),
  Pad: (r) => {
    const shape = shapeOf(r, 2);
    const pads = [0, 1, 2, 3].map(() => r.int(0, 3));
    const mode = r.pick(['constant', 'edge']);
    return {
      op: 'Pad',
      inputs: [r.tensor(shape), i64(r.chance() ? [4] : [1, 4], ...pads), f32([1], 0.5)],
      constants: [1],
      outputs: FLOAT,
      attributes: { mode },
    };
  },
  Range: (r) => {
    const inputs = [f32([], 1), f32([], 1 + r.int(0, 9)), f32([], 0.75)];
    return {
      op: 'Range',
      inputs: inputs.slice(0, r.int(2, 4)),
      outputs: FLOAT,
      constants: [0, 1, 2],
    };
  },
  GatherND: (r) => ({
    op: 'GatherND',
    inputs: [r.tensor([4, 5, 2]), r.ints('int64', [3, 2], 0, 4)],
    outputs: FLOAT,
  }),
  UniqueElements: (r) => ({
    op: 'Unique',
    inputs: [
      fromNumbers(
        'float32',
        [9],
        Array.from({ length: 9 }, () => r.int(0, 5)),
      ),
    ],
    outputs: ['float32', 'int64', 'int64'],
    host: true,
  }),
  CDist: (r) => {
    const d = r.int(1, 6);
    return {
      op: 'CDist',
      inputs: [r.tensor([r.int(1, 6), d]), r.tensor([r.int(1, 6), d])],
      outputs: FLOAT,
      attributes: { metric: r.pick(['sqeuclidean', 'euclidean']) },
      tolerance: 2e-3,
    };
  },
  UnfoldTensor: (r) => {
    const shape = shapeOf(r, 3);
    const dim = r.int(0, 3);
    return {
      op: 'UnfoldTensor',
      inputs: [r.tensor(shape)],
      outputs: FLOAT,
      attributes: { dim, size: r.int(1, shape[dim]! + 1), step: r.int(1, 3) },
    };
  },
  NGramRepeatBlock: (r) => ({
    op: 'NGramRepeatBlock',
    inputs: [r.ints('int64', [2, r.int(1, 12)], 0, 3), r.tensor([2, 4])],
    outputs: FLOAT,
    attributes: { ngram_size: r.int(1, 4) },
  }),
  MaxpoolWithMask: (r) => {
    const [h, w] = [r.int(2, 5), r.int(3, 6)];
    const mask = i32([1, 1, h, w], ...new Array<number>(h * w).fill(1));
    return {
      op: 'MaxpoolWithMask',
      inputs: [r.tensor([1, 2, h, w]), mask],
      outputs: FLOAT,
      attributes: { kernel_shape: [2, 2], strides: [1, 2] },
    };
  },
};
