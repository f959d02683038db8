/** Ops that only move elements. */
import { Concat } from '../../lib/ops/concat.js';
import { Reshape } from '../../lib/ops/reshape.js';
import { Split } from '../../lib/ops/split.js';
import { Transpose } from '../../lib/ops/transpose.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type OpCase, opCase } from '../op-suite.js';

const WIDTHS: readonly DType[] = ['uint8', 'float16', 'float32', 'int64'];
const ints = (...values: number[]) =>
  ({ dtype: 'int64', shape: [values.length], values, constant: true }) as const;

export const cases: readonly OpCase[] = [
  ...WIDTHS.flatMap((dtype) => [
    opCase({
      op: Transpose,
      name: `last two axes of ${dtype}`,
      attrs: { perm: [0, 2, 1] },
      inputs: [{ dtype, shape: [3, 17, 33] }],
    }),
    opCase({
      op: Concat,
      name: `inner axis of ${dtype}`,
      attrs: { axis: 1 },
      inputs: [1, 5, 2].map((n) => ({ dtype, shape: [4, n] })),
    }),
  ]),
  opCase({ op: Transpose, attrs: { perm: [1, 0] }, inputs: [{ shape: [0, 4] }] }),
  opCase({ op: Transpose, attrs: { perm: [2, 0, 3, 1] }, inputs: [{ shape: [2, 3, 5, 7] }] }),
  opCase({
    op: Reshape,
    attrs: { allowzero: false },
    inputs: [{ shape: [2, 3, 4] }, ints(6, -1)],
  }),
  opCase({
    op: Split,
    attrs: { axis: 1, count: 3 },
    inputs: [{ shape: [2, 7] }],
    outputs: 3,
  }),
];
