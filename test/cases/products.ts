/** Matrix products, convolutions, attention. */
import { Add } from '../../lib/ops/add.js';
import { Attention } from '../../lib/ops/attention.js';
import { Clip } from '../../lib/ops/clip.js';
import { Conv, type ConvAttrs } from '../../lib/ops/conv.js';
import { ConvTranspose, type ConvTransposeAttrs } from '../../lib/ops/conv-transpose.js';
import { Gelu } from '../../lib/ops/gelu.js';
import { MatMul } from '../../lib/ops/mat-mul.js';
import { MatMulNBits } from '../../lib/ops/mat-mul-n-bits.js';
import { Mul } from '../../lib/ops/mul.js';
import { Relu } from '../../lib/ops/relu.js';
import type { OpDef } from '../../lib/ir/op.js';
import type { GraphStage } from '../../lib/ir/stages.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type CaseInput, type OpCase, opCase } from '../op-suite.js';

const stage = <A>(op: OpDef<A>, attrs: A, ...args: number[]): GraphStage => ({
  op: op,
  attrs,
  args,
});
const plus = (...args: number[]): GraphStage => stage(Add, {}, ...args);
/** Errors of sums grow with their length. */
const near = { rtol: 1e-4, atol: 1e-4 };
const shape = (...s: number[]): CaseInput => ({ shape: s });
const weight = (...s: number[]): CaseInput => ({ shape: s, constant: true });

const product = (name: string, a: CaseInput, b: CaseInput): OpCase =>
  opCase({ op: MatMul, name, attrs: { stages: [] }, inputs: [a, b], ...near });
const staged = (name: string, stages: readonly GraphStage[], ...inputs: CaseInput[]): OpCase =>
  opCase({ op: MatMul, name, attrs: { stages }, inputs, ...near });

/** Weights of few bits in blocks: rows that are multiplied at once and rows that widen panels. */
function packed(bits: 2 | 4 | 8, block: number, m: number, k: number, n: number): OpCase {
  const blocks = Math.ceil(k / block);
  const zeros = (m + n) % 2 === 0;
  return opCase({
    op: MatMulNBits,
    name: `${bits} bits in ${block}: ${m} × ${k} × ${n}`,
    attrs: { bits, block, n },
    inputs: [
      shape(m, k),
      { shape: [n, (blocks * block * bits) / 8], dtype: 'uint8', range: [0, 255] },
      { shape: [n, blocks], range: [-0.1, 0.1] },
      zeros ? { shape: [n, blocks], range: [0, 2 ** bits - 1] } : null,
      n % 3 === 0 ? shape(n) : null,
    ],
    rtol: 1e-4,
    atol: 2e-3,
  });
}

const ROWS = [1, 2, 5, 8, 13, 14, 15, 31];
const COLUMNS = [1, 3, 16, 17, 33, 48, 70];
const PLAIN: readonly DType[] = ['float64', 'int32', 'uint32', 'int64', 'uint64'];

const pairs = (rank: number, pad: number) =>
  Array.from({ length: rank }, () => [pad, pad] as const);
/** A convolution of kernel `k` over x; `more` overrides strides 1, dilations 1, no pads, one group. */
function conv(
  name: string,
  x: readonly number[],
  w: readonly number[],
  more: Partial<ConvAttrs> = {},
  ...extras: (CaseInput | null)[]
): OpCase {
  const kernel = w.slice(2);
  const ones = kernel.map(() => 1);
  const attrs: ConvAttrs = {
    kernel,
    strides: ones,
    dilations: ones,
    pads: pairs(kernel.length, 0),
    group: 1,
    stages: [],
    ...more,
  };
  return opCase({ op: Conv, name, attrs, inputs: [shape(...x), weight(...w), ...extras], ...near });
}
const same = { pads: pairs(2, 1) };

const convolutions: readonly OpCase[] = [
  conv('1×1', [2, 5, 7, 19], [21, 19, 1, 1]),
  conv('1×1 of stride 2', [2, 6, 7, 19], [21, 19, 1, 1], { strides: [2, 2] }),
  conv('3×3', [1, 6, 17, 5], [18, 5, 3, 3]),
  conv('3×3 with pads and bias', [2, 6, 15, 5], [18, 5, 3, 3], same, weight(18)),
  conv('3×3 of stride 2 over 3 channels', [1, 13, 31, 3], [16, 3, 3, 3], {
    strides: [2, 2],
    pads: [
      [1, 0],
      [0, 1],
    ],
  }),
  conv('5×2, dilated', [1, 12, 9, 4], [6, 4, 5, 2], { dilations: [2, 3], pads: pairs(2, 2) }),
  conv('padded as to keep the size', [1, 7, 8, 20], [9, 20, 3, 2], {
    pads: 'same_upper',
    strides: [2, 3],
  }),
  conv('padded likewise, more before', [1, 7, 8, 20], [9, 20, 2, 4], { pads: 'same_lower' }),
  conv('of several K blocks', [1, 7, 7, 130], [190, 130, 3, 3], same),
  conv('of long kernel rows', [1, 3, 9, 400], [180, 400, 1, 3]),
  conv('of a small map', [2, 2, 2, 24], [33, 24, 3, 3], same),
  conv('1-D', [2, 30, 7], [12, 7, 5], { strides: [2], pads: [[3, 1]], dilations: [2] }),
  conv('3-D', [1, 4, 5, 6, 3], [8, 3, 2, 3, 3], { pads: pairs(3, 1) }),
  conv('in groups', [2, 5, 6, 12], [18, 4, 3, 3], { group: 3, ...same }, weight(18)),
  conv('1×1 in groups', [2, 5, 6, 60], [60, 20, 1, 1], { group: 3 }, weight(60)),
  conv('in groups of one output', [1, 5, 6, 8], [4, 2, 3, 3], { group: 4 }),
  conv('3-D in groups', [1, 4, 5, 6, 4], [6, 2, 2, 2, 2], { group: 2, pads: pairs(3, 1) }),
  conv('of an empty batch', [0, 5, 5, 3], [4, 3, 3, 3]),
  conv(
    'with bias, residual, relu',
    [1, 6, 9, 5],
    [18, 5, 3, 3],
    { ...same, stages: [plus(0, 1), stage(Relu, {}, 2)] },
    weight(18),
    shape(1, 6, 9, 18),
  ),
  conv(
    'in groups with gelu and a factor for each channel',
    [1, 6, 9, 6],
    [18, 2, 3, 3],
    { ...same, group: 3, stages: [stage(Gelu, { approximate: 'none' }, 0), stage(Mul, {}, 2, 1)] },
    weight(18),
    weight(18),
  ),
];

/** As conv; the weight is [C, M / group, ...kernel]. */
function transposed(
  name: string,
  x: readonly number[],
  w: readonly number[],
  more: Partial<ConvTransposeAttrs> = {},
  ...extras: (CaseInput | null)[]
): OpCase {
  const kernel = w.slice(2);
  const ones = kernel.map(() => 1);
  const attrs: ConvTransposeAttrs = {
    kernel,
    strides: ones,
    dilations: ones,
    pads: pairs(kernel.length, 0),
    outputPadding: kernel.map(() => 0),
    outputShape: null,
    group: 1,
    stages: [],
    ...more,
  };
  const inputs = [shape(...x), weight(...w), ...extras];
  return opCase({ op: ConvTranspose, name, attrs, inputs, ...near });
}

const transpositions: readonly OpCase[] = [
  transposed('3×3', [1, 4, 5, 6], [6, 7, 3, 3], {}, weight(7)),
  transposed('2×2 of stride 2', [2, 4, 5, 6], [6, 7, 2, 2], { strides: [2, 2] }),
  transposed(
    '2×2 of stride 2 to one channel',
    [2, 4, 5, 6],
    [6, 1, 2, 2],
    {
      strides: [2, 2],
      stages: [plus(0, 1)],
    },
    weight(1),
    weight(1),
  ),
  transposed(
    '3×2 patches with bias and gelu',
    [2, 4, 5, 6],
    [6, 17, 3, 2],
    {
      strides: [3, 2],
      stages: [stage(Gelu, { approximate: 'none' }, 0), stage(Mul, {}, 2, 1)],
    },
    weight(17),
    weight(17),
  ),
  // a residual needs sizes that are known: all is constant
  opCase({
    ...transposed('patches with residual', [1, 2, 3, 6], [6, 7, 2, 2], {
      strides: [2, 2],
      stages: [plus(0, 1)],
    }),
    inputs: [weight(1, 2, 3, 6), weight(6, 7, 2, 2), null, weight(1, 4, 6, 7)],
  }),
  transposed('3-D patches', [1, 2, 3, 4, 5], [5, 6, 2, 2, 3], { strides: [2, 2, 3] }, weight(6)),
  transposed('3×3 of stride 2 with pads', [1, 5, 4, 6], [6, 20, 3, 3], {
    strides: [2, 2],
    pads: pairs(2, 1),
    outputPadding: [1, 0],
  }),
  transposed('4×5 of strides 3 and 2, dilated', [1, 4, 5, 3], [3, 9, 4, 5], {
    strides: [3, 2],
    dilations: [2, 3],
    pads: [
      [1, 2],
      [0, 3],
    ],
  }),
  transposed('with gaps', [1, 3, 4, 5], [5, 6, 1, 2], { strides: [3, 3] }, weight(6)),
  transposed('same_upper', [1, 4, 5, 6], [6, 7, 3, 3], { strides: [2, 2], pads: 'same_upper' }),
  transposed('of a given shape', [1, 4, 5, 6], [6, 7, 3, 3], {
    strides: [2, 2],
    pads: 'same_lower',
    outputShape: [10, 8],
  }),
  transposed('1-D', [2, 9, 6], [6, 5, 7], { strides: [3], pads: [[2, 1]] }),
  transposed('3-D', [1, 3, 3, 4, 4], [4, 3, 2, 3, 2], { strides: [2, 1, 2], pads: pairs(3, 1) }),
  transposed('in groups', [1, 4, 5, 6], [6, 4, 3, 3], { group: 3, strides: [2, 2] }, weight(12)),
  transposed('depthwise', [1, 4, 5, 20], [20, 1, 4, 4], {
    group: 20,
    strides: [2, 2],
    pads: pairs(2, 1),
  }),
  transposed('depthwise with gaps', [1, 3, 4, 6], [6, 1, 2, 2], { group: 6, strides: [3, 3] }),
  transposed(
    'with two biases and relu',
    [1, 4, 5, 6],
    [6, 7, 2, 2],
    { strides: [2, 2], stages: [plus(0, 1), stage(Relu, {}, 2)] },
    weight(7),
    weight(7),
  ),
];

const depthwise: readonly OpCase[] = [
  ...[1, 4, 7, 9, 17].flatMap((width) =>
    [3, 5].flatMap((k) =>
      [1, 2].map((s) =>
        conv(
          `depthwise ${k}×${k} of stride ${s}, ${width} wide`,
          [1, 5, width, 18],
          [18, 1, k, k],
          { group: 18, strides: [s, s], pads: pairs(2, (k - 1) / 2) },
          weight(18),
        ),
      ),
    ),
  ),
  conv('depthwise without pads', [2, 8, 19, 35], [35, 1, 3, 3], { group: 35 }),
  conv('depthwise 7×7', [1, 6, 9, 20], [20, 1, 7, 7], { group: 20, pads: pairs(2, 3) }),
  conv('depthwise 1-D', [2, 21, 20], [20, 1, 4], { group: 20, pads: [[3, 0]], dilations: [2] }),
  conv('depthwise 3-D', [1, 3, 4, 5, 6], [6, 1, 3, 3, 3], { group: 6, pads: pairs(3, 1) }),
  conv(
    'depthwise with a multiplier',
    [1, 5, 6, 6],
    [18, 1, 3, 3],
    { group: 6, ...same },
    weight(18),
  ),
  conv(
    'depthwise with residual and relu6',
    [1, 7, 9, 18],
    [18, 1, 3, 3],
    { ...same, group: 18, stages: [plus(1, 0), stage(Clip, { lo: 0, hi: 6 }, 2)] },
    null,
    shape(1, 7, 9, 18),
  ),
  conv(
    'depthwise with gelu and a factor',
    [2, 5, 9, 300],
    [300, 1, 3, 3],
    {
      ...same,
      group: 300,
      stages: [stage(Gelu, { approximate: 'none' }, 0), stage(Mul, {}, 2, 1)],
    },
    weight(300),
    weight(1),
  ),
];

/** Large enough for transformed tiles, by the rule of lib/ops/winograd.ts. */
const winograd: readonly OpCase[] = [
  conv('3×3 by tiles of 4', [1, 28, 28, 32], [32, 32, 3, 3], same, weight(32)),
  conv('3×3 by cut tiles of 4', [2, 25, 31, 35], [38, 35, 3, 3]),
  conv('3×3 by tiles of 2', [1, 14, 14, 40], [70, 40, 3, 3], same),
  conv('3×3 by cut tiles of 2', [1, 13, 17, 33], [48, 33, 3, 3], same, weight(48)),
  conv('3×3 by tiles of 4 with many weights', [1, 28, 28, 64], [192, 64, 3, 3], same),
  conv('3×3 not by tiles', [1, 28, 28, 32], [32, 32, 3, 3], { ...same, direct: true }),
  conv(
    '3×3 by tiles with residual and relu',
    [1, 30, 28, 32],
    [40, 32, 3, 3],
    { ...same, stages: [plus(1, 0), stage(Relu, {}, 2)] },
    weight(40),
    { shape: [40], constant: true },
  ),
  conv(
    '3×3 by tiles with gelu and a factor',
    [1, 29, 27, 32],
    [90, 32, 3, 3],
    { ...same, stages: [stage(Gelu, { approximate: 'none' }, 0), stage(Mul, {}, 2, 1)] },
    weight(90),
    weight(90),
  ),
].map((c) => ({ ...c, atol: 5e-4 }));

/** Heads of queries and of keys; lengths of queries and keys; sizes of a key and a value. */
function attention(
  name: string,
  [b, h, k]: readonly [number, number, number],
  [lq, lk]: readonly [number, number],
  [d, e]: readonly [number, number],
  causal = false,
  ...mask: CaseInput[]
): OpCase {
  const attrs = { scale: 1 / Math.sqrt(d), causal };
  const inputs = [shape(b, h, lq, d), shape(b, k, lk, d), shape(b, k, lk, e), ...mask];
  return opCase({ op: Attention, name, attrs, inputs, ...near });
}

const attentions: readonly OpCase[] = [
  attention('of 1 row', [2, 3, 3], [1, 37], [32, 32]),
  attention('of 3 rows', [1, 2, 2], [3, 5], [7, 9]),
  attention('of 4 rows', [1, 2, 2], [4, 1], [7, 9]),
  attention('of 29 rows', [2, 3, 3], [29, 45], [32, 64]),
  attention('of short keys', [1, 2, 2], [17, 19], [3, 50]),
  attention('of several blocks of keys', [1, 2, 2], [5, 1100], [20, 33]),
  attention('of 1 row over several blocks', [1, 2, 2], [1, 1100], [20, 33]),
  attention('of several blocks of rows', [1, 1, 1], [300, 40], [8, 8]),
  attention('of grouped queries', [2, 6, 2], [10, 20], [16, 16]),
  attention('causal', [1, 2, 2], [33, 33], [16, 16], true),
  attention('causal after other keys', [1, 2, 2], [5, 40], [16, 16], true),
  attention('causal over several blocks', [1, 1, 1], [600, 600], [4, 4], true),
  attention('with mask', [2, 3, 3], [9, 21], [16, 16], false, shape(2, 3, 9, 21)),
  attention('with one mask for all heads', [2, 3, 3], [9, 21], [16, 16], false, shape(2, 1, 1, 21)),
  attention('with a mask of rows', [1, 3, 3], [9, 21], [16, 16], false, shape(9, 1)),
  attention('causal with mask of one row', [1, 3, 3], [2, 21], [16, 16], true, shape(21)),
  attention('of large scores', [1, 1, 1], [20, 30], [16, 16], false, {
    shape: [20, 30],
    values: [0, -1e4, -Infinity, 300],
  }),
  attention('of no rows', [1, 2, 2], [0, 5], [4, 4]),
];

export const cases: readonly OpCase[] = [
  ...([2, 4, 8] as const).flatMap((bits) => [
    packed(bits, 32, 1, 96, 33),
    packed(bits, 16, 2, 40, 35),
    packed(bits, 32, 3, 50, 31),
    packed(bits, 64, 4, 70, 6),
    packed(bits, 32, 5, 300, 40),
    packed(bits, 128, 19, 130, 71),
  ]),
  ...convolutions,
  ...depthwise,
  ...transpositions,
  ...winograd,
  ...attentions,
  ...ROWS.map((m) => product(`of ${m} rows`, shape(m, 37), shape(37, 40))),
  ...COLUMNS.map((n) => product(`of ${n} columns`, shape(9, 21), weight(21, n))),
  ...[0, 1, 2, 3, 400].map((k) => product(`of sums of ${k}`, shape(3, k), shape(k, 5))),
  product('with a weight of several K blocks', shape(6, 1000), weight(1000, 200)),
  product('of nothing', shape(0, 4), shape(4, 3)),
  product('of two vectors', shape(7), shape(7)),
  product('of a vector and a matrix', shape(7), shape(7, 3)),
  product('of a vector and matrices', shape(7), shape(2, 7, 3)),
  product('of a matrix and a vector', shape(5, 7), shape(7)),
  product('of matrices and a vector', shape(2, 5, 7), shape(7)),
  product('of batches', shape(2, 3, 5, 7), shape(2, 3, 7, 9)),
  product('with one matrix for all batches', shape(2, 3, 5, 7), shape(7, 9)),
  product('with one matrix for some batches', shape(2, 3, 5, 7), shape(2, 1, 7, 9)),
  product('with one left matrix', shape(5, 7), shape(3, 2, 7, 9)),
  product('broadcasting both', shape(3, 1, 5, 7), shape(4, 7, 2)),
  staged('with bias', [plus(0, 1)], shape(20, 33), weight(33, 35), weight(35)),
  staged(
    'with bias, residual and relu',
    [plus(1, 0), plus(3, 2), stage(Relu, {}, 4)],
    shape(20, 33),
    weight(33, 35),
    weight(35),
    shape(20, 35),
  ),
  staged(
    'with residual of several K blocks, clipped',
    [plus(0, 1), stage(Clip, { lo: -3, hi: 2.5 }, 2)],
    shape(6, 1000),
    weight(1000, 200),
    shape(6, 200),
  ),
  staged(
    'with gelu after bias',
    [plus(0, 1), stage(Gelu, { approximate: 'none' }, 2)],
    shape(3, 20, 33),
    weight(33, 35),
    weight(35),
  ),
  staged(
    'with x·(x + b)·c',
    [plus(0, 1), stage(Mul, {}, 0, 3), stage(Mul, {}, 4, 2)],
    shape(4, 9, 33),
    weight(33, 50),
    weight(50),
    shape(4, 9, 1),
  ),
  staged(
    'of batches with bias and a factor for each row',
    [plus(0, 1), stage(Mul, {}, 3, 2), stage(Relu, {}, 4)],
    weight(2, 3, 5, 7),
    shape(2, 3, 7, 19),
    weight(3, 5, 1),
    weight(2, 1, 5, 1),
  ),
  ...PLAIN.flatMap((dtype) => [
    opCase({
      op: MatMul,
      name: `of ${dtype}`,
      attrs: { stages: [] },
      inputs: [
        { dtype, shape: [2, 5, 7] },
        { dtype, shape: [7, 3] },
      ],
    }),
  ]),
];
