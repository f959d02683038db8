/** Cases: operators on quantised numbers. */
import type { Tensor } from '../../lib/tensor/tensor.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type Dice, type Draw, type NodeCase, f32 } from './case.js';

type Byte = 'uint8' | 'int8';
const byte = (r: Dice): Byte => r.pick(['uint8', 'int8'] as const);
const scale = (r: Dice, low = 0.005): Tensor => f32([], low + r.next() * 0.05);
const zero = (r: Dice, type: Byte): Tensor => r.ints(type, []);
const F = 'float32' as const;

const binary =
  (op: string): Draw =>
  (r) => {
    const type = byte(r);
    const shape = [r.int(1, 4), r.int(1, 5), r.int(1, 9)];
    const other = r.pick([shape, [shape[2]!], [1], [shape[1]!, 1]]);
    const side = (s: readonly number[]): Tensor[] => [r.ints(type, s), scale(r), zero(r, type)];
    return {
      op,
      inputs: [...side(shape), ...side(other), scale(r, 0.02), zero(r, type)],
      constants: [1, 2, 4, 5, 6, 7],
      outputs: [type],
    };
  };

const unary =
  (op: string, attributes: NodeCase['attributes'] = {}): Draw =>
  (r) => {
    const type = byte(r);
    const shape = [r.int(1, 4), r.int(1, 6), r.int(1, 9)];
    return {
      op,
      inputs: [r.ints(type, shape), scale(r), zero(r, type), scale(r), zero(r, type)],
      constants: [1, 2, 3, 4],
      outputs: [type],
      attributes,
    };
  };

/** Of unsigned numbers and axes of 2 elements at least: others run over in onnxruntime. */
function softmax(r: Dice): NodeCase {
  const shape = [2, r.int(2, 6), r.int(2, 9)];
  return {
    op: 'QLinearSoftmax',
    inputs: [
      r.ints('uint8', shape),
      scale(r),
      zero(r, 'uint8'),
      f32([], 1 / 256),
      zero(r, 'uint8'),
    ],
    constants: [1, 2, 3, 4],
    outputs: ['uint8'],
    attributes: { opset: r.pick([12, 13]), axis: r.int(0, 3) },
  };
}

function pool(r: Dice, global: boolean): NodeCase {
  const type = byte(r);
  const last = r.chance();
  const [n, c, h, w] = [r.int(1, 3), r.int(1, 9), r.int(3, 7), r.int(3, 7)];
  const pad = r.int(0, 2);
  return {
    op: global ? 'QLinearGlobalAveragePool' : 'QLinearAveragePool',
    inputs: [
      r.ints(type, last ? [n, h, w, c] : [n, c, h, w]),
      scale(r),
      zero(r, type),
      scale(r),
      zero(r, type),
    ],
    constants: [1, 2, 3, 4],
    outputs: [type],
    attributes: {
      channels_last: Number(last),
      ...(global
        ? {}
        : {
            kernel_shape: [3, 3],
            strides: [r.int(1, 3), 1],
            pads: [pad, pad, pad, pad],
            count_include_pad: r.int(0, 2),
          }),
    },
  };
}

function matrices(r: Dice, op: string): NodeCase {
  const [m, k, n] = [r.int(1, 6), r.int(1, 40), r.int(1, 7)];
  const [a, b] = [byte(r), byte(r)];
  const lead = op === 'QGemm' ? [] : r.pick([[], [2]]);
  const perColumn = r.chance() ? [n] : [];
  const scaleB = f32(
    perColumn,
    ...Array.from({ length: perColumn[0] ?? 1 }, () => 0.01 + r.next() * 0.02),
  );
  const zeroB = r.ints(b, perColumn);
  const right = r.ints(b, [k, n]);
  const biased = r.chance();
  const common = { constants: [] as number[], tolerance: 1e-3 };
  if (op === 'DynamicQuantizeMatMul')
    return {
      ...common,
      op,
      inputs: [r.tensor([...lead, m, k]), right, scaleB, zeroB, ...(biased ? [r.tensor([n])] : [])],
      constants: [1, 2, 3],
      outputs: [F],
    };
  const left = r.ints(a, [...lead, m, k]);
  if (op === 'MatMulIntegerToFloat')
    return {
      ...common,
      op,
      inputs: [
        left,
        right,
        scale(r),
        scaleB,
        zero(r, a),
        zeroB,
        ...(biased ? [r.tensor([n])] : []),
      ],
      constants: [1, 3, 5],
      outputs: [F],
    };
  const float = r.chance();
  return {
    ...common,
    op,
    inputs: [
      left,
      scale(r),
      zero(r, a),
      right,
      scaleB,
      zeroB,
      biased ? r.ints('int32', [n]) : null,
      ...(float ? [] : [scale(r, 0.2), zero(r, a)]),
    ],
    constants: [1, 2, 3, 4, 5, 6, 7, 8].filter((i) => (i !== 6 || biased) && (i < 7 || !float)),
    outputs: [float ? F : a],
    attributes: { alpha: { float: r.pick([1, 0.5]) } },
  };
}

function conv(r: Dice): NodeCase {
  const [c, m, k] = [r.int(1, 9), r.int(1, 6), r.pick([1, 3])];
  const last = r.chance();
  const [h, w] = [r.int(3, 7), r.int(3, 7)];
  const x = byte(r);
  const scales = f32([m], ...Array.from({ length: m }, () => 0.01 + r.next() * 0.02));
  const biased = r.chance();
  return {
    op: 'QLinearConv',
    inputs: [
      r.ints(x, last ? [1, h, w, c] : [1, c, h, w]),
      scale(r),
      zero(r, x),
      r.ints('int8', [m, c, k, k]),
      scales,
      r.ints('int8', [m], 0, 1),
      scale(r, 0.2),
      zero(r, x),
      ...(biased ? [r.ints('int32', [m])] : []),
    ],
    constants: biased ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 3, 4, 5, 6, 7],
    outputs: [x],
    attributes: { channels_last: Number(last), kernel_shape: [k, k], strides: [r.int(1, 3), 1] },
  };
}

function lstm(r: Dice): NodeCase {
  const [t, b, i, h] = [r.int(1, 5), r.int(1, 3), r.int(1, 6), r.int(1, 6)];
  const type = byte(r);
  const weights = (rows: number): Tensor => r.ints(type, [1, rows, 4 * h]);
  const parameters = (): Tensor[] => [f32([1], 0.002 + r.next() * 0.004), r.ints(type, [1], 0, 1)];
  return {
    op: 'DynamicQuantizeLSTM',
    inputs: [
      r.tensor([t, b, i]),
      weights(i),
      weights(h),
      r.tensor([1, 8 * h], 0.2),
      null,
      null,
      null,
      null,
      ...parameters(),
      ...parameters(),
    ],
    constants: [1, 2, 3, 8, 9, 10, 11],
    outputs: [F, F, F],
    attributes: { hidden_size: h },
    tolerance: 0.06,
  };
}

function attention(r: Dice): NodeCase {
  const [b, l, heads, d, i] = [r.int(1, 3), r.int(1, 5), r.int(1, 3), 4, 6];
  const width = 3 * heads * d;
  const type = byte(r);
  return {
    op: 'QAttention',
    inputs: [
      r.ints('uint8', [b, l, i]),
      r.ints(type, [i, width]),
      r.tensor([width]),
      f32([], 0.01),
      f32([], 0.01),
      null,
      r.ints('uint8', [], 100, 150),
      r.ints(type, [], 0, 9),
    ],
    constants: [1, 2, 3, 4, 6, 7],
    outputs: [F],
    attributes: { num_heads: heads, unidirectional: r.int(0, 2) },
  };
}

function embedding(r: Dice): NodeCase {
  const [b, l, c] = [r.int(1, 3), r.int(1, 5), r.int(2, 9)];
  const table = (...shape: number[]): Tensor => r.ints('uint8', shape);
  const rest = Array.from({ length: 10 }, (_, i) =>
    i < 5 ? f32([], 0.01 + r.next() * 0.01) : r.ints('uint8', [], 100, 150),
  );
  return {
    op: 'QEmbedLayerNormalization',
    inputs: [
      r.ints('int32', [b, l], 0, 9),
      r.ints('int32', [b, l], 0, 2),
      table(9, c),
      table(12, c),
      table(2, c),
      table(c),
      table(c),
      r.ints('int32', [b, l], 0, 2),
      ...rest,
    ],
    constants: [2, 3, 4, 5, 6, ...rest.map((_, i) => 8 + i)],
    outputs: [F, 'int32'],
    tolerance: 1e-3,
  };
}

function quantize(r: Dice, back: boolean): NodeCase {
  const type: DType = r.pick(['uint8', 'int8', 'uint16', 'int16']);
  const shape = [r.int(1, 4), r.int(1, 6), r.int(1, 6)];
  const axis = r.int(0, 3);
  const own = r.chance() ? [shape[axis]!] : [];
  const values = Array.from({ length: own[0] ?? 1 }, () => 0.01 + r.next() * 0.05);
  return {
    op: back ? 'DequantizeLinear' : 'QuantizeLinear',
    inputs: [
      back ? r.ints(type, shape, 0, 100) : r.tensor(shape, 2),
      f32(own, ...values),
      r.ints(type, own, 0, 100),
    ],
    outputs: [back ? F : type],
    attributes: { axis },
  };
}

export const QUANTIZED: Readonly<Record<string, Draw>> = {
  QLinearAdd: binary('QLinearAdd'),
  QLinearMul: binary('QLinearMul'),
  QLinearSigmoid: unary('QLinearSigmoid'),
  QLinearLeakyRelu: unary('QLinearLeakyRelu', { alpha: { float: 0.2 } }),
  QLinearSoftmax: softmax,
  QLinearWhere: (r) => {
    const type = byte(r);
    const shape = [r.int(1, 4), r.int(1, 9)];
    const side = (s: readonly number[]): Tensor[] => [r.ints(type, s), scale(r), zero(r, type)];
    return {
      op: 'QLinearWhere',
      inputs: [
        r.ints('bool', r.pick([shape, [shape[1]!]]), 0, 2),
        ...side(shape),
        ...side(r.pick([shape, [1]])),
        scale(r),
        zero(r, type),
      ],
      constants: [2, 3, 5, 6, 7, 8],
      outputs: [type],
    };
  },
  QLinearConcat: (r) => {
    const type = byte(r);
    const [s, z] = [scale(r), zero(r, type)];
    const count = r.int(1, 4);
    const parts = Array.from({ length: count }, () => [
      r.ints(type, [2, r.int(1, 5)]),
      ...(r.chance(0.3) ? [s, z] : [scale(r), zero(r, type)]),
    ]).flat();
    return {
      op: 'QLinearConcat',
      inputs: [s, z, ...parts],
      constants: [0, 1, ...parts.map((_, i) => i + 2).filter((i) => (i - 2) % 3 !== 0)],
      outputs: [type],
      attributes: { axis: 1 },
    };
  },
  QLinearAveragePool: (r) => pool(r, false),
  QLinearGlobalAveragePool: (r) => pool(r, true),
  MatMulIntegerToFloat: (r) => matrices(r, 'MatMulIntegerToFloat'),
  DynamicQuantizeMatMul: (r) => matrices(r, 'DynamicQuantizeMatMul'),
  QGemm: (r) => matrices(r, 'QGemm'),
  MatMulInteger16: (r) => ({
    op: 'MatMulInteger16',
    inputs: [r.ints('int16', [3, 7], -30000, 30000), r.ints('int16', [7, 2], -30000, 30000)],
    outputs: ['int32'],
  }),
  QLinearConv: conv,
  NhwcMaxPool: (r) => {
    const type = byte(r);
    return {
      op: 'NhwcMaxPool',
      inputs: [r.ints(type, [1, r.int(3, 7), r.int(3, 7), r.int(1, 9)])],
      outputs: [type],
      attributes: { kernel_shape: [2, 3], strides: [1, 2], pads: [1, 0, 0, 1] },
    };
  },
  DynamicQuantizeLSTM: lstm,
  QAttention: attention,
  QEmbedLayerNormalization: embedding,
  QuantizeLinear: (r) => quantize(r, false),
  DequantizeLinear: (r) => quantize(r, true),
};
