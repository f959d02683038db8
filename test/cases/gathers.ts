/** Ops that are steered by indices, and the small ones along an axis. */
import { Compress } from '../../lib/ops/compress.js';
import { CumProd } from '../../lib/ops/cum-prod.js';
import { CumSum } from '../../lib/ops/cum-sum.js';
import { EyeLike } from '../../lib/ops/eye-like.js';
import { GatherElements } from '../../lib/ops/gather-elements.js';
import { GatherND } from '../../lib/ops/gather-nd.js';
import { Gather } from '../../lib/ops/gather.js';
import { NonZero } from '../../lib/ops/non-zero.js';
import { OneHot } from '../../lib/ops/one-hot.js';
import { Range } from '../../lib/ops/range.js';
import { ReverseSequence } from '../../lib/ops/reverse-sequence.js';
import { ScatterElements } from '../../lib/ops/scatter-elements.js';
import { ScatterND } from '../../lib/ops/scatter-nd.js';
import { REDUCTIONS } from '../../lib/ops/scatter.js';
import { TopK } from '../../lib/ops/top-k.js';
import { Trilu } from '../../lib/ops/trilu.js';
import { Unique } from '../../lib/ops/unique.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type CaseInput, type OpCase, opCase } from '../op-suite.js';

const WIDTHS: readonly DType[] = ['int8', 'float16', 'float32', 'int64'];
const NUMBERS: readonly DType[] = ['float32', 'float64', 'int32', 'int64'];
/** Indices of an axis of `size`, negative ones among them. */
const places = (size: number, ...shape: number[]): CaseInput => ({
  dtype: 'int64',
  shape,
  range: [-size, size - 1],
});
const known = (...values: number[]): CaseInput => ({
  dtype: 'int64',
  shape: [values.length],
  values,
  constant: true,
});
const one = (dtype: DType, value: number): CaseInput => ({ dtype, shape: [], values: [value] });

/** Shape, axis, shape of the indices. */
const GATHERS: readonly (readonly [readonly number[], number, readonly number[]])[] = [
  [[9], 0, [4]],
  [[9, 100], 0, [2, 3]],
  [[3, 9, 4], 1, []],
  [[3, 9, 4], 1, [5]],
  [[3, 4, 9], 2, [2, 2]],
  [[2, 3, 5, 6], 1, [0]],
];
/** Shape, batch axes, shape of the indices. */
const GATHERS_ND: readonly (readonly [readonly number[], number, readonly number[]])[] = [
  [[5, 5, 5], 0, [4, 3]],
  [[5, 5, 40], 0, [2, 3, 2]],
  [[2, 5, 5, 3], 1, [2, 4, 1]],
  [[2, 3, 5], 2, [2, 3, 1]],
  [[5], 0, [1]],
];
/** Shape, axis, shape of the indices. */
const ELEMENTS: readonly (readonly [readonly number[], number, readonly number[]])[] = [
  [[7], 0, [3]],
  [[4, 7], 1, [4, 9]],
  [[7, 4], 0, [5, 3]],
  [[2, 7, 3, 5], 1, [2, 6, 2, 5]],
  [[3, 7], 1, [0, 7]],
];
const distinct = (n: number): number[] => Array.from({ length: n }, (_, i) => (i * 3) % 7);

export const cases: readonly OpCase[] = [
  ...GATHERS.map(([shape, axis, indices]) =>
    opCase({
      op: Gather,
      name: `[${shape.join()}] at [${indices.join()}] of ${axis}`,
      attrs: { axis },
      inputs: [{ shape }, places(shape[axis]!, ...indices)],
    }),
  ),
  ...WIDTHS.flatMap((dtype) => [
    opCase({
      op: Gather,
      name: dtype,
      attrs: { axis: 1 },
      inputs: [
        { dtype, shape: [3, 6, 13] },
        { dtype: 'int32', shape: [20], range: [0, 5] },
      ],
    }),
    opCase({
      op: GatherElements,
      name: dtype,
      attrs: { axis: 1 },
      inputs: [
        { dtype, shape: [3, 6, 13] },
        { dtype: 'int32', shape: [2, 9, 11], range: [0, 5] },
      ],
    }),
    opCase({
      op: GatherND,
      name: dtype,
      attrs: { batchDims: 0 },
      inputs: [
        { dtype, shape: [3, 3, 13] },
        { dtype: 'int32', shape: [20, 2], range: [0, 2] },
      ],
    }),
    opCase({
      op: ScatterElements,
      name: dtype,
      attrs: { axis: 1, reduction: 'none' },
      inputs: [
        { dtype, shape: [3, 7, 5] },
        { dtype: 'int32', shape: [2, 6, 1], values: distinct(6) },
        { dtype, shape: [2, 6, 1] },
      ],
    }),
    opCase({
      op: ScatterND,
      name: dtype,
      attrs: { reduction: 'none' },
      inputs: [
        { dtype, shape: [7, 300] },
        { dtype: 'int32', shape: [5, 1], values: distinct(5) },
        { dtype, shape: [5, 300] },
      ],
    }),
    opCase({
      op: Trilu,
      name: dtype,
      attrs: { upper: true },
      inputs: [
        { dtype, shape: [2, 5, 9] },
        { ...known(1), shape: [] },
      ],
    }),
    opCase({
      op: OneHot,
      name: dtype,
      attrs: { axis: 1 },
      inputs: [places(8, 3, 4), { ...known(6), shape: [] }, { dtype, shape: [2], values: [2, 5] }],
    }),
  ]),
  ...GATHERS_ND.map(([shape, batchDims, indices]) =>
    opCase({
      op: GatherND,
      name: `[${shape.join()}] at [${indices.join()}] in ${batchDims}`,
      attrs: { batchDims },
      inputs: [{ shape }, places(5, ...indices)],
    }),
  ),
  ...ELEMENTS.flatMap(([shape, axis, indices]) => [
    opCase({
      op: GatherElements,
      name: `[${shape.join()}] at [${indices.join()}] of ${axis}`,
      attrs: { axis },
      inputs: [{ shape }, places(7, ...indices)],
    }),
    ...REDUCTIONS.map((reduction) =>
      opCase({
        op: ScatterElements,
        name: `${reduction} [${shape.join()}] at [${indices.join()}] of ${axis}`,
        attrs: { axis, reduction },
        inputs: [{ shape }, places(7, ...indices), { shape: indices }],
      }),
    ),
  ]),
  ...NUMBERS.flatMap((dtype) => [
    ...REDUCTIONS.flatMap((reduction) => [
      opCase({
        op: ScatterND,
        name: `${reduction} of ${dtype}`,
        attrs: { reduction },
        inputs: [{ dtype, shape: [3, 4, 5] }, places(3, 9, 2), { dtype, shape: [9, 5] }],
      }),
      opCase({
        op: ScatterElements,
        name: `${reduction} of ${dtype}`,
        attrs: { axis: 0, reduction },
        inputs: [{ dtype, shape: [3, 5] }, places(3, 9, 5), { dtype, shape: [9, 5] }],
      }),
    ]),
    ...[CumSum, CumProd].flatMap((op) =>
      [false, true].flatMap((exclusive) =>
        [false, true].map((reverse) =>
          opCase({
            op,
            name: `${exclusive ? 'exclusive' : ''} ${reverse ? 'reverse' : ''} of ${dtype}`,
            attrs: { axis: 1, exclusive, reverse },
            inputs: [{ dtype, shape: [3, 17, 2] }],
          }),
        ),
      ),
    ),
    opCase({
      op: TopK,
      name: dtype,
      attrs: { axis: 1, largest: true },
      inputs: [{ dtype, shape: [4, 50], range: [-9, 9] }, known(9)],
      outputs: 2,
    }),
    opCase({
      op: TopK,
      name: `least of ${dtype}`,
      attrs: { axis: 0, largest: false },
      inputs: [{ dtype, shape: [20, 3, 2], range: [-9, 9] }, known(20)],
      outputs: 2,
    }),
    opCase({
      op: Range,
      name: dtype,
      attrs: {},
      inputs: [one(dtype, 3), one(dtype, -20), one(dtype, -3)].map((c) => ({
        ...c,
        constant: true,
      })),
      host: dtype.startsWith('float'),
    }),
  ]),
  opCase({
    op: TopK,
    name: 'with NaN',
    attrs: { axis: 0, largest: true },
    inputs: [{ shape: [7], values: [3, NaN, -1, Infinity, NaN, 3, -Infinity] }, known(5)],
    outputs: 2,
  }),
  opCase({
    op: TopK,
    name: 'none',
    attrs: { axis: 0, largest: true },
    inputs: [{ shape: [7, 2] }, known(0)],
    outputs: 2,
  }),
  opCase({
    op: ScatterElements,
    attrs: { axis: 0, reduction: 'add' },
    host: true,
    inputs: [{ dtype: 'float16', shape: [4] }, places(4, 9), { dtype: 'float16', shape: [9] }],
  }),
  opCase({ op: Trilu, name: 'lower', attrs: { upper: false }, inputs: [{ shape: [6, 4] }] }),
  opCase({
    op: Trilu,
    name: 'far below',
    attrs: { upper: false },
    inputs: [{ shape: [6, 4] }, { ...known(-3), shape: [] }],
  }),
  opCase({
    op: OneHot,
    name: 'last',
    attrs: { axis: 1 },
    inputs: [places(40, 5), { ...known(33), shape: [] }, { shape: [2], values: [0, 1] }],
  }),
  opCase({ op: NonZero, attrs: {}, host: true, inputs: [{ dtype: 'bool', shape: [3, 5] }] }),
  opCase({
    op: Compress,
    attrs: { axis: 1 },
    host: true,
    inputs: [{ shape: [2, 5, 2] }, { dtype: 'bool', shape: [4] }],
  }),
  opCase({
    op: Unique,
    attrs: { axis: null, sorted: true },
    host: true,
    outputs: 4,
    inputs: [{ dtype: 'int64', shape: [3, 5], range: [0, 4] }],
  }),
  opCase({ op: EyeLike, attrs: { dtype: null, k: -1 }, host: true, inputs: [{ shape: [3, 4] }] }),
  ...(
    [
      [0, 1],
      [1, 0],
      [0, 2],
      [2, 0],
    ] as const
  ).flatMap(([batchAxis, timeAxis]) =>
    WIDTHS.map((dtype) =>
      opCase({
        op: ReverseSequence,
        name: `${dtype}, batch ${batchAxis}, time ${timeAxis}`,
        attrs: { batchAxis, timeAxis },
        inputs: [
          { dtype, shape: [4, 4, 4] },
          { dtype: 'int64', shape: [4], values: [3, 0, 4, 1] },
        ],
      }),
    ),
  ),
];
