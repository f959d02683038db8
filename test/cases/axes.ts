/** Ops that work along one axis, and reductions, over shapes that reach every loop of the kernels. */
import type { OpDef } from '../../lib/ir/op.js';
import { ArgMax } from '../../lib/ops/arg-max.js';
import { ArgMin } from '../../lib/ops/arg-min.js';
import { Hardmax } from '../../lib/ops/hardmax.js';
import { LogSoftmax } from '../../lib/ops/log-softmax.js';
import { ReduceL1 } from '../../lib/ops/reduce-l1.js';
import { ReduceL2 } from '../../lib/ops/reduce-l2.js';
import { ReduceLogSum } from '../../lib/ops/reduce-log-sum.js';
import { ReduceLogSumExp } from '../../lib/ops/reduce-log-sum-exp.js';
import { ReduceMax } from '../../lib/ops/reduce-max.js';
import { ReduceMean } from '../../lib/ops/reduce-mean.js';
import { ReduceMin } from '../../lib/ops/reduce-min.js';
import { ReduceProd } from '../../lib/ops/reduce-prod.js';
import { ReduceSum } from '../../lib/ops/reduce-sum.js';
import { ReduceSumSquare } from '../../lib/ops/reduce-sum-square.js';
import type { ReduceAttrs } from '../../lib/ops/reduction.js';
import { Softmax } from '../../lib/ops/softmax.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type OpCase, opCase } from '../op-suite.js';

/** Shapes and axes: the last one or not, widths around 64, lines of one element, none at all. */
const LINES: readonly (readonly [readonly number[], number])[] = [
  [[37], 0],
  [[3, 1], 1],
  [[1, 5], 0],
  [[2, 3, 5], 1],
  [[4, 70], 0],
  [[2, 9, 3, 131], 1],
  [[2, 3, 4, 33], 3],
  [[5, 0], 0],
  [[3, 2, 130], 2],
];
const REDUCTIONS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[7], [0]],
  [
    [2, 3, 4],
    [0, 1, 2],
  ],
  [[3, 5, 67], [1]],
  [
    [3, 5, 67],
    [0, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 2],
  ],
  [[6, 1, 9, 1], [2]],
  [[2, 70, 3, 130], [1]],
  [
    [1, 3, 1, 1],
    [0, 2],
  ],
  [[4, 2500], [1]],
  [[200, 5], [0]],
  [[0, 4], [1]],
];
const FLOATS: readonly (readonly [OpDef<ReduceAttrs>, readonly [number, number]])[] = [
  [ReduceSum, [-2, 2]],
  [ReduceMean, [-2, 2]],
  [ReduceMax, [-2, 2]],
  [ReduceMin, [-2, 2]],
  [ReduceProd, [0.95, 1.05]],
  [ReduceL1, [-2, 2]],
  [ReduceL2, [-2, 2]],
  [ReduceSumSquare, [-2, 2]],
  [ReduceLogSum, [0, 2]],
  [ReduceLogSumExp, [-50, 50]],
];
const INTEGERS: readonly DType[] = ['int64', 'int32'];

export const cases: readonly OpCase[] = [
  ...[Softmax, LogSoftmax, Hardmax].flatMap((op) =>
    LINES.map(([shape, axis]) =>
      opCase({
        op,
        name: `[${shape.join()}] along ${axis}`,
        attrs: { axis },
        inputs: [{ shape, range: [-30, 30] }],
      }),
    ),
  ),
  ...[ArgMax, ArgMin].flatMap((op) =>
    (['float32', ...INTEGERS] as const).flatMap((dtype) =>
      LINES.filter(([shape, axis]) => shape[axis] !== 0 && !shape.includes(0)).map(
        ([shape, axis], i) =>
          opCase({
            op,
            name: `${dtype}[${shape.join()}] along ${axis}`,
            attrs: { axis, keepdims: i % 2 === 0, last: i % 3 === 0 },
            // few values, so that there are equal ones
            inputs: [{ shape, dtype, values: [3, -1, 3, 0, -1, 2, 3] }],
          }),
      ),
    ),
  ),
  ...FLOATS.flatMap(([op, range]) =>
    REDUCTIONS.map(([shape, axes], i) =>
      opCase({
        op,
        name: `[${shape.join()}] over ${axes.join()}`,
        attrs: { axes, keepdims: i % 2 === 0 },
        inputs: [{ shape, range }],
        atol: 1e-5,
      }),
    ),
  ),
  ...[ReduceSum, ReduceMax, ReduceMin, ReduceProd].flatMap((op) =>
    INTEGERS.flatMap((dtype) =>
      REDUCTIONS.slice(0, 9).map(([shape, axes], i) =>
        opCase({
          op,
          name: `${dtype}[${shape.join()}] over ${axes.join()}`,
          attrs: { axes, keepdims: i % 2 === 1 },
          inputs: [{ shape, dtype, range: op === ReduceProd ? [-1, 1] : [-9, 9] }],
        }),
      ),
    ),
  ),
  ...[ReduceSum, ReduceMax, ReduceMin, ReduceProd].map((op) =>
    opCase({
      op,
      name: 'of so many that parts come first',
      attrs: { axes: [0, 1, 2], keepdims: false },
      inputs: [{ shape: [5, 9, 131], range: op === ReduceProd ? [0.999, 1.001] : [-2, 2] }],
      atol: 1e-4,
    }),
  ),
  opCase({
    op: ReduceMax,
    name: 'keeps NaN',
    attrs: { axes: [1], keepdims: false },
    inputs: [{ shape: [2, 40], values: [1, NaN, 3] }],
  }),
  opCase({
    op: ReduceMean,
    name: 'of doubles',
    attrs: { axes: [1], keepdims: false },
    inputs: [{ shape: [2, 4], dtype: 'float64' }],
    host: true,
  }),
];
