/** Ops that work along axes. */
import { ArgMax } from '../../lib/ops/arg-max.js';
import { LogSoftmax } from '../../lib/ops/log-softmax.js';
import { ReduceMax } from '../../lib/ops/reduce-max.js';
import { ReduceMean } from '../../lib/ops/reduce-mean.js';
import { ReduceSum } from '../../lib/ops/reduce-sum.js';
import { Softmax } from '../../lib/ops/softmax.js';
import { type OpCase, opCase } from '../op-suite.js';

const LENGTHS = [1, 2, 7, 15, 16, 17, 33, 64, 255, 256, 257];

export const cases: readonly OpCase[] = [
  ...LENGTHS.map((n) =>
    opCase({
      op: Softmax,
      name: `of rows of ${n}`,
      attrs: { axis: 1 },
      inputs: [{ shape: [3, n], range: [-20, 20] }],
    }),
  ),
  opCase({ op: Softmax, attrs: { axis: 1 }, inputs: [{ shape: [2, 5, 7] }] }),
  opCase({ op: Softmax, attrs: { axis: 0 }, inputs: [{ shape: [0, 3] }] }),
  opCase({
    op: Softmax,
    name: 'of infinities',
    attrs: { axis: 0 },
    inputs: [{ shape: [4], values: [-Infinity, 0, 80, -100] }],
  }),
  opCase({ op: LogSoftmax, attrs: { axis: 1 }, inputs: [{ shape: [5, 19], range: [-9, 9] }] }),
  ...LENGTHS.map((n) =>
    opCase({
      op: ReduceSum,
      name: `of ${n}`,
      attrs: { axes: [1], keepdims: false },
      inputs: [{ shape: [3, n] }],
      atol: 1e-5,
    }),
  ),
  opCase({
    op: ReduceMean,
    attrs: { axes: [0, 2], keepdims: true },
    inputs: [{ shape: [4, 5, 6] }],
  }),
  opCase({ op: ReduceMax, attrs: { axes: [1], keepdims: true }, inputs: [{ shape: [4, 9, 35] }] }),
  opCase({
    op: ArgMax,
    attrs: { axis: 1, keepdims: false, last: false },
    inputs: [{ shape: [4, 37] }],
  }),
];
