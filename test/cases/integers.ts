/** Exact products of 8-bit matrices, and what scales and quantises them: equal to the bit everywhere. */
import { Add } from '../../lib/ops/add.js';
import { Cast } from '../../lib/ops/cast.js';
import { ConvInteger, type ConvIntegerAttrs } from '../../lib/ops/conv-integer.js';
import { DequantizeLinear } from '../../lib/ops/dequantize-linear.js';
import { MatMulInteger } from '../../lib/ops/mat-mul-integer.js';
import { Mul } from '../../lib/ops/mul.js';
import { QuantizeLinear } from '../../lib/ops/quantize-linear.js';
import type { OpDef } from '../../lib/ir/op.js';
import type { GraphStage } from '../../lib/ir/stages.js';
import { type CaseInput, type OpCase, opCase } from '../op-suite.js';

type Byte = 'int8' | 'uint8';
const stage = <A>(op: OpDef<A>, attrs: A, ...args: number[]): GraphStage => ({ op, attrs, args });
const float = (slot: number): GraphStage => stage(Cast, { to: 'float32' }, slot);
/** extremes included */
const bytes = (dtype: Byte, ...shape: number[]): CaseInput => ({
  shape,
  dtype,
  range: dtype === 'int8' ? [-128, 127] : [0, 255],
});
const weight = (dtype: Byte, ...shape: number[]): CaseInput => ({
  ...bytes(dtype, ...shape),
  constant: true,
});
const same = (dtype: Byte, value: number, ...shape: number[]): CaseInput => ({
  shape,
  dtype,
  values: [value],
});
const one = (x: number): CaseInput => ({ shape: [], values: [x], constant: true });
const exact = { rtol: 0, atol: 0 };
const bias = (n: number): CaseInput => ({
  shape: [n],
  dtype: 'int32',
  range: [-1e5, 1e5],
  constant: true,
});

const product = (
  name: string,
  inputs: readonly (CaseInput | null)[],
  stages: readonly GraphStage[] = [],
): OpCase => {
  const own = Array.from({ length: Math.max(5, inputs.length) }, (_, i) => inputs[i] ?? null);
  return opCase({ op: MatMulInteger, name, attrs: { stages }, inputs: own, ...exact });
};

function conv(
  name: string,
  inputs: readonly (CaseInput | null)[],
  more: Partial<ConvIntegerAttrs> = {},
): OpCase {
  const kernel = inputs[1]!.shape.slice(2);
  const attrs: ConvIntegerAttrs = {
    kernel,
    strides: kernel.map(() => 1),
    dilations: kernel.map(() => 1),
    pads: kernel.map(() => [0, 0] as const),
    group: 1,
    stages: [],
    ...more,
  };
  const own = Array.from({ length: Math.max(5, inputs.length) }, (_, i) => inputs[i] ?? null);
  return opCase({ op: ConvInteger, name, attrs, inputs: own, ...exact });
}
const around = {
  pads: [
    [1, 1],
    [1, 1],
  ],
} as const;

const TYPES = ['uint8', 'int8'] as const;
const SHAPES = [
  [1, 3, 2],
  [7, 64, 17],
  [16, 65, 16],
  [31, 128, 33],
  [49, 200, 70],
  [3, 1100, 40],
] as const;
const quantize = { lo: 0, hi: 255 };

export const cases: readonly OpCase[] = [
  ...TYPES.flatMap((left) =>
    TYPES.flatMap((right) =>
      SHAPES.map(([m, k, n]) =>
        product(`${left}·${right} ${m}×${k}×${n}`, [bytes(left, m, k), weight(right, k, n)]),
      ),
    ),
  ),
  ...TYPES.map((t) =>
    product(`of extreme ${t}`, [
      same(t, t === 'int8' ? -128 : 255, 5, 128),
      { ...same('int8', -128, 128, 20), constant: true },
    ]),
  ),
  product('with zero points', [
    bytes('uint8', 9, 70),
    weight('int8', 70, 20),
    same('uint8', 131),
    { shape: [20], dtype: 'int8', range: [-128, 127] },
  ]),
  product('of signed with zero points and bias', [
    bytes('int8', 33, 64),
    weight('uint8', 64, 37),
    same('int8', -7),
    same('uint8', 120, 1),
    bias(37),
  ]),
  product('of no k', [bytes('uint8', 3, 0), bytes('int8', 0, 20)]),
  product('of batches', [bytes('int8', 3, 5, 33), bytes('int8', 3, 33, 18), same('int8', 3)]),
  product('by a vector', [bytes('uint8', 5, 33), bytes('int8', 33), same('uint8', 3)]),
  product(
    'scaled',
    [
      bytes('uint8', 17, 64),
      weight('int8', 64, 21),
      null,
      null,
      null,
      { shape: [21], range: [0.001, 0.1] },
    ],
    [float(0), stage(Mul, {}, 2, 1)],
  ),
  product(
    'scaled, with a float bias',
    [
      bytes('uint8', 17, 64),
      weight('int8', 64, 21),
      same('uint8', 100),
      null,
      null,
      { shape: [], values: [0.01] },
      { shape: [21] },
    ],
    [float(0), stage(Mul, {}, 3, 1), stage(Add, {}, 4, 2)],
  ),
  product(
    'quantised again',
    [
      bytes('uint8', 35, 130),
      weight('int8', 130, 50),
      same('uint8', 100),
      null,
      bias(50),
      { shape: [50], range: [0.0001, 0.002], constant: true },
      one(1),
      { ...same('uint8', 117), constant: true },
    ],
    [float(0), stage(Mul, {}, 4, 1), stage(QuantizeLinear, quantize, 5, 2, 3)],
  ),
  product(
    'with a quantised residual',
    [
      bytes('int8', 35, 130),
      weight('int8', 130, 50),
      null,
      null,
      null,
      { shape: [50], range: [0.0001, 0.002], constant: true },
      bytes('uint8', 35, 50),
      { ...same('uint8', 117), constant: true },
      one(0.3),
    ],
    [
      float(0),
      stage(Mul, {}, 5, 1),
      stage(DequantizeLinear, {}, 2, 3, 4),
      stage(Add, {}, 6, 7),
      stage(QuantizeLinear, quantize, 8, 4, 3),
    ],
  ),
  ...(['uint8', 'int8'] as const).flatMap((dtype) =>
    [48, 50].map((n) =>
      product(
        `quantised, with a residual of ${dtype}, ${n} columns`,
        [
          bytes('uint8', 35, 130),
          weight('int8', 130, n),
          same('uint8', 100),
          null,
          bias(n),
          { shape: [n], range: [0.0001, 0.002], constant: true },
          one(1),
          { ...same('uint8', 117), constant: true },
          one(0.37),
          bytes(dtype, 35, n),
          { ...same(dtype, 9), constant: true },
          one(0.21),
          one(0.43),
        ],
        [
          float(0),
          stage(Mul, {}, 9, 1),
          stage(QuantizeLinear, quantize, 10, 2, 3),
          stage(DequantizeLinear, {}, 11, 3, 4),
          stage(DequantizeLinear, {}, 5, 6, 7),
          stage(Add, {}, 12, 13),
          stage(QuantizeLinear, quantize, 14, 8, 3),
        ],
      ),
    ),
  ),
  conv('1×1', [bytes('uint8', 2, 5, 7, 64), weight('int8', 21, 64, 1, 1), same('uint8', 3)]),
  conv(
    '3×3',
    [bytes('uint8', 1, 6, 15, 64), weight('int8', 18, 64, 3, 3), same('uint8', 7)],
    around,
  ),
  conv('3×3 over 5 channels', [bytes('int8', 1, 6, 17, 5), weight('int8', 18, 5, 3, 3)], around),
  conv(
    'of stride 2 with zero points and bias',
    [
      bytes('uint8', 2, 6, 7, 33),
      weight('uint8', 70, 33, 3, 3),
      same('uint8', 99),
      { shape: [70], dtype: 'uint8', range: [0, 255] },
      bias(70),
    ],
    { ...around, strides: [2, 1] },
  ),
  conv(
    'in groups',
    [
      bytes('uint8', 1, 5, 9, 128),
      weight('int8', 40, 64, 3, 3),
      same('uint8', 9),
      { shape: [40], dtype: 'int8', range: [-128, 127] },
      bias(40),
    ],
    { ...around, group: 2 },
  ),
];
