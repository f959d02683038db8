/** Image layouts: [N, C, ...spatial] as in ONNX and [N, ...spatial, C] as in haio's image ops. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { Transpose } from './transpose.js';

/** The permutation from channels-first to channels-last: 0, 2, 3 …, 1. */
export const lastPerm = (rank: number): number[] => [
  0,
  ...Array.from({ length: rank - 2 }, (_, i) => i + 2),
  1,
];
/** The permutation from channels-last to channels-first: 0, rank−1, 1, 2 …. */
export const firstPerm = (rank: number): number[] => [
  0,
  rank - 1,
  ...Array.from({ length: rank - 2 }, (_, i) => i + 1),
];

const turned = (v: Value, permOf: (rank: number) => number[]): Value => {
  const rank = shapeOf(v).length;
  return rank < 3 ? v : apply(Transpose, { perm: permOf(rank) }, [v]);
};

/** [N, C, ...] → [N, ..., C]; the value itself below rank 3. */
export const channelsLast = (v: Value): Value => turned(v, lastPerm);
/** [N, ..., C] → [N, C, ...]; the value itself below rank 3. */
export const channelsFirst = (v: Value): Value => turned(v, firstPerm);
