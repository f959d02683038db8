/** Element-wise ops and chains: special values, every type, broadcasts that reach every loader. */
import type { OpDef } from '../../lib/ir/op.js';
import type { GraphStage } from '../../lib/ir/stages.js';
import * as ops from '../../lib/ops/index.js';
import { DTYPE_NAMES, type DType, isFloat, isInteger, storageOf } from '../../lib/tensor/dtype.js';
import { type OpCase, opCase } from '../op-suite.js';

type Range = readonly [number, number];
type Shapes = readonly (readonly number[])[];
const NUMBERS = DTYPE_NAMES.filter((d) => d !== 'string' && d !== 'bool' && storageOf(d) === d);
/** fewer than 8 bits, or small floats */
const SMALL = DTYPE_NAMES.filter((d) => storageOf(d) !== d);
const INTEGERS = NUMBERS.filter((d) => !isFloat(d));
const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -2.5, 3.5, 100, -100, 7, 1e-3];

const float = <A>(op: OpDef<A>, attrs: NoInfer<A>, range: Range): [OpDef, unknown, Range] => [
  op,
  attrs,
  range,
];
/** Float unary ops with a range that reaches their branches. */
const FLOAT = [
  float(ops.Abs, {}, [-3, 3]),
  float(ops.Acos, {}, [-1, 1]),
  float(ops.Acosh, {}, [1, 50]),
  float(ops.Asin, {}, [-1, 1]),
  float(ops.Asinh, {}, [-50, 50]),
  float(ops.Atan, {}, [-9, 9]),
  float(ops.Atanh, {}, [-0.99, 0.99]),
  float(ops.Ceil, {}, [-9, 9]),
  float(ops.Celu, { alpha: 0.75 }, [-9, 9]),
  float(ops.Clip, { lo: -1, hi: 2.5 }, [-9, 9]),
  float(ops.Cos, {}, [-50, 50]),
  float(ops.Cosh, {}, [-20, 20]),
  float(ops.Elu, { alpha: 1.5 }, [-9, 9]),
  float(ops.Erf, {}, [-5, 5]),
  float(ops.Exp, {}, [-80, 80]),
  float(ops.Floor, {}, [-9, 9]),
  float(ops.Gelu, { approximate: 'none' }, [-6, 6]),
  float(ops.Gelu, { approximate: 'tanh' }, [-6, 6]),
  float(ops.HardSigmoid, { alpha: 0.25, beta: 0.5 }, [-4, 4]),
  float(ops.ScaledTanh, { alpha: 1.5, beta: 0.75 }, [-4, 4]),
  float(ops.HardSwish, {}, [-6, 6]),
  float(ops.IsInf, { negative: 1, positive: 0 }, [-1, 1]),
  float(ops.IsInf, { negative: 0, positive: 1 }, [-1, 1]),
  float(ops.IsNaN, {}, [-1, 1]),
  float(ops.LeakyRelu, { alpha: 0.125 }, [-9, 9]),
  float(ops.Log, {}, [0.001, 50]),
  float(ops.Mish, {}, [-30, 30]),
  float(ops.Neg, {}, [-9, 9]),
  float(ops.Reciprocal, {}, [0.1, 9]),
  float(ops.Relu, {}, [-9, 9]),
  float(ops.Round, {}, [-9, 9]),
  float(ops.Selu, { alpha: 1.75, gamma: 1.125 }, [-9, 9]),
  float(ops.Shrink, { lambd: 0.5, bias: 0.25 }, [-2, 2]),
  float(ops.Sigmoid, {}, [-30, 30]),
  float(ops.Sign, {}, [-1, 1]),
  float(ops.Silu, {}, [-30, 30]),
  float(ops.Sin, {}, [-50, 50]),
  float(ops.Sinh, {}, [-20, 20]),
  float(ops.Softplus, {}, [-30, 30]),
  float(ops.Softsign, {}, [-9, 9]),
  float(ops.Sqrt, {}, [0, 50]),
  float(ops.Tan, {}, [-1.4, 1.4]),
  float(ops.Tanh, {}, [-9, 9]),
  float(ops.ThresholdedRelu, { alpha: 1.5 }, [-4, 4]),
];
const unary = FLOAT.flatMap(([op, attrs, range]) => [
  ...[[1], [67], [2, 300], [3, 5, 0], []].map((shape) =>
    opCase({
      op,
      name: `[${shape.join()}]`,
      attrs,
      inputs: [{ shape, range }],
      atol: 2e-6,
    }),
  ),
  ...(['float64', 'float16', 'bfloat16'] as const).map((dtype) =>
    opCase({
      op,
      name: dtype,
      attrs,
      inputs: [{ shape: [3, 50], range, dtype }],
      atol: dtype === 'float64' ? 1e-12 : 1e-2,
    }),
  ),
  opCase({
    op,
    name: 'of special values',
    attrs,
    inputs: [{ shape: [14], values: SPECIAL }],
    atol: 2e-5,
  }),
]);

const integer = ([ops.Abs, ops.Neg, ops.Relu, ops.Sign] as OpDef[]).flatMap((op) =>
  INTEGERS.map((dtype) =>
    opCase({
      op,
      name: dtype,
      attrs: {},
      inputs: [{ shape: [3, 45], dtype }],
      host: dtype === 'uint64' && op.name !== 'Neg',
    }),
  ),
);

/** Pairs of shapes: equal, rows, columns, scalars, both sides, short rows, long rows. */
const PAIRS: readonly Shapes[] = [
  [[1000], [1000]],
  [[2, 3, 40], [40]],
  [
    [2, 3, 40],
    [3, 1],
  ],
  [[2, 3, 40], []],
  [[1], [3, 17]],
  [
    [4, 1, 6],
    [1, 5, 1],
  ],
  [[3, 257], [257]],
  [[130, 3], [3]],
  [
    [70, 3],
    [70, 1],
  ],
  [
    [5, 2, 7],
    [5, 1, 7],
  ],
  [
    [2, 1, 130],
    [3, 1],
  ],
  [[0, 4], [4]],
  [
    [9, 6, 5, 4],
    [6, 1, 4],
  ],
];
const BINARY: readonly OpDef[] = [ops.Add, ops.Sub, ops.Mul, ops.Div, ops.Min, ops.Max] as OpDef[];
const RELATIONS = [
  ops.Equal,
  ops.Less,
  ops.LessOrEqual,
  ops.Greater,
  ops.GreaterOrEqual,
] as OpDef[];
/** Ops whose order or quotient needs the sign of uint64. */
const blind = (op: OpDef, dtype: DType): boolean =>
  dtype === 'uint64' && !['Add', 'Sub', 'Mul', 'Equal'].includes(op.name);

const binary = [
  ...[...BINARY, ...RELATIONS].flatMap((op) => [
    ...PAIRS.map((pair) =>
      opCase({
        op,
        name: pair.map((s) => `[${s.join()}]`).join(' '),
        attrs: {},
        inputs: pair.map((shape) => ({ shape, values: [1, -2, 0.5, 3, 1, 4, -2, 0.25, 8] })),
      }),
    ),
    ...NUMBERS.map((dtype) =>
      opCase({
        op,
        name: dtype,
        attrs: {},
        inputs: [
          { shape: [5, 33], dtype },
          { shape: [33], dtype },
        ],
        host: blind(op, dtype),
      }),
    ),
    opCase({
      op,
      name: 'of special values',
      attrs: {},
      inputs: [
        { shape: [14, 1], values: SPECIAL },
        { shape: [14], values: SPECIAL },
      ],
    }),
    opCase({
      op,
      name: 'a constant',
      attrs: {},
      inputs: [{ shape: [5, 64] }, { shape: [64], constant: true, range: [1, 2] }],
    }),
  ]),
  ...([ops.And, ops.Or, ops.Xor, ops.Equal] as OpDef[]).map((op) =>
    opCase({
      op,
      name: 'bool',
      attrs: {},
      inputs: [
        { shape: [3, 40], dtype: 'bool' },
        { shape: [40], dtype: 'bool' },
      ],
    }),
  ),
  opCase({ op: ops.Not, attrs: {}, inputs: [{ shape: [3, 40], dtype: 'bool' }] }),
  ...[...INTEGERS, 'float32', 'float64'].flatMap((d) =>
    ([0, 1] as const).map((fmod) =>
      opCase({
        op: ops.Mod,
        name: `${d} fmod ${fmod}`,
        attrs: { fmod },
        inputs: [
          { shape: [7, 40], dtype: d as DType },
          { shape: [40], dtype: d as DType },
        ],
        host: d === 'uint64',
      }),
    ),
  ),
  ...INTEGERS.flatMap((dtype) => [
    ...([ops.BitwiseAnd, ops.BitwiseOr, ops.BitwiseXor] as OpDef[]).map((op) =>
      opCase({
        op,
        name: dtype,
        attrs: {},
        inputs: [
          { shape: [3, 40], dtype, range: [0, 120] },
          { shape: [40], dtype },
        ],
      }),
    ),
    opCase({ op: ops.BitwiseNot, name: dtype, attrs: {}, inputs: [{ shape: [3, 40], dtype }] }),
  ]),
  ...INTEGERS.flatMap((dtype) =>
    ([0, 1] as const).map((left) =>
      opCase({
        op: ops.BitShift,
        name: `${dtype} ${left}`,
        attrs: { left, dtype },
        inputs: [
          { shape: [99], dtype, range: dtype.startsWith('u') ? [0, 255] : [-128, 127] },
          { shape: [99], dtype },
        ],
      }),
    ),
  ),
  opCase({
    op: ops.Pow,
    name: 'positive',
    attrs: {},
    inputs: [
      { shape: [9, 40], range: [0.1, 4] },
      { shape: [40], range: [-3, 3] },
    ],
  }),
  opCase({
    op: ops.Pow,
    name: 'squares',
    attrs: {},
    inputs: [{ shape: [9, 40] }, { shape: [], values: [2] }],
  }),
  opCase({
    op: ops.Pow,
    name: 'of integers',
    attrs: {},
    inputs: [
      { shape: [9, 9], dtype: 'int64' },
      { shape: [9], dtype: 'int64', range: [-2, 12] },
    ],
  }),
  opCase({
    op: ops.Pow,
    name: 'to integers',
    attrs: {},
    inputs: [{ shape: [9, 9] }, { shape: [9], dtype: 'int32', range: [-2, 5] }],
  }),
  opCase({
    op: ops.Pow,
    name: 'doubles',
    attrs: {},
    inputs: [
      { shape: [9, 9], dtype: 'float64', range: [0, 4] },
      { shape: [9], dtype: 'float64' },
    ],
  }),
  opCase({
    op: ops.Pow,
    name: 'of special values',
    attrs: {},
    inputs: [
      { shape: [14, 1], values: SPECIAL },
      { shape: [14], values: SPECIAL },
    ],
    rtol: 2e-5,
  }),
  opCase({ op: ops.PRelu, attrs: {}, inputs: [{ shape: [2, 3, 50] }, { shape: [3, 1] }] }),
  opCase({
    op: ops.Div,
    name: 'by zero',
    attrs: {},
    inputs: [
      { shape: [5], dtype: 'int32', values: [7, -7, 0, 1, 2] },
      { shape: [5], dtype: 'int32', values: [0, 0, 0, -1, 1] },
    ],
  }),
];

const where = [...NUMBERS, 'bool' as const].map((dtype) =>
  opCase({
    op: ops.Where,
    name: dtype,
    attrs: {},
    inputs: [
      { shape: [3, 1, 40], dtype: 'bool' },
      { shape: [2, 40], dtype },
      { shape: [], dtype },
    ],
  }),
);
const small = SMALL.flatMap((dtype) => [
  ...NUMBERS.map((to) =>
    opCase({
      op: ops.Cast,
      name: `${dtype} to ${to}`,
      attrs: { to },
      inputs: [{ shape: [3, 67], dtype, range: dtype.startsWith('u') ? [0, 3] : [-2, 1] }],
      host: !isInteger(dtype) && !isFloat(to),
    }),
  ),
  opCase({
    op: ops.Cast,
    name: `float32 to ${dtype}`,
    attrs: { to: dtype },
    inputs: [{ shape: [3, 67], range: [-9, 9] }],
    host: true,
  }),
]);

const cast = [...NUMBERS, 'bool' as const].flatMap((from) =>
  [...NUMBERS, 'bool' as const].map((to) =>
    opCase({
      op: ops.Cast,
      name: `${from} to ${to}`,
      attrs: { to },
      inputs: [
        isFloat(from)
          ? {
              shape: [45],
              dtype: from,
              values: [
                0,
                -0,
                0.75,
                -0.75,
                1.5,
                127.9,
                128,
                255,
                256,
                -129,
                40000,
                -40000,
                3e9,
                -3e9,
                5e9,
                NaN,
                Infinity,
                -Infinity,
              ],
            }
          : {
              shape: [3, 45],
              dtype: from,
              range: [
                from.startsWith('u') || from === 'bool' ? 0 : -128,
                from === 'bool' ? 1 : 127,
              ],
            },
      ],
      rtol: 1e-9,
      atol: 0,
    }),
  ),
);

const stage = <A>(op: OpDef<A>, attrs: NoInfer<A>, ...args: number[]): GraphStage => ({
  op,
  attrs,
  args,
});
/** (x + y) · sigmoid(x + y), then a cast; slots 0 and 1 are x and y. */
const GATED = [stage(ops.Add, {}, 0, 1), stage(ops.Sigmoid, {}, 2), stage(ops.Mul, {}, 2, 3)];
const chains = [
  ...PAIRS.map((pair) =>
    opCase({
      op: ops.Chain,
      name: pair.map((s) => `[${s.join()}]`).join(' '),
      attrs: { stages: GATED },
      inputs: pair.map((shape) => ({ shape })),
    }),
  ),
  opCase({
    op: ops.Chain,
    name: 'casts within and at the end',
    attrs: {
      stages: [
        stage(ops.Cast, { to: 'float32' }, 0),
        stage(ops.Mul, {}, 2, 1),
        stage(ops.Cast, { to: 'int8' }, 3),
        stage(ops.Cast, { to: 'float32' }, 4),
        stage(ops.Add, {}, 5, 1),
        stage(ops.Cast, { to: 'int32' }, 6),
      ],
    },
    inputs: [{ shape: [4, 70], dtype: 'int32', range: [-99, 99] }, { shape: [70] }],
  }),
  opCase({
    op: ops.Chain,
    name: 'a relation that selects',
    attrs: {
      stages: [stage(ops.Less, {}, 0, 1), stage(ops.Not, {}, 3), stage(ops.Where, {}, 4, 2, 0)],
    },
    inputs: [{ shape: [7, 33] }, { shape: [33] }, { shape: [7, 1] }],
  }),
  opCase({
    op: ops.Chain,
    name: 'integers',
    attrs: {
      stages: [stage(ops.Mul, {}, 0, 1), stage(ops.Add, {}, 2, 0), stage(ops.Equal, {}, 3, 1)],
    },
    inputs: [
      { shape: [7, 33], dtype: 'int64', range: [-1, 1] },
      { shape: [33], dtype: 'int64', range: [-1, 1] },
    ],
  }),
];

export const cases: readonly OpCase[] = [
  ...unary,
  ...integer,
  ...binary,
  ...where,
  ...cast,
  ...small,
  ...chains,
];
