/** Attention heads: [B, S, N·D] and [B, N, S, D], and sizes as values. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { Reshape } from './reshape.js';
import { Shape } from './shape.js';
import { int64s } from './sizes.js';
import { Transpose } from './transpose.js';

/** Size of one axis, counted from the start, as int64[1]. */
export const sizeAt = (v: Value, axis: number): Value =>
  apply(Shape, { start: axis, end: axis + 1 }, [v]);

/** v in another shape: 0 keeps the size of that place, −1 is what is left. */
export const regrouped = (v: Value, shape: readonly number[]): Value =>
  apply(Reshape, { allowzero: false }, [v, int64s(shape)]);

const swapped = (v: Value): Value => apply(Transpose, { perm: [0, 2, 1, 3] }, [v]);

/** [B, S, N·D] → [B, N, S, D]; what has four axes already is left as it is. */
export const splitHeads = (v: Value, heads: number): Value =>
  shapeOf(v).length === 4 ? v : swapped(regrouped(v, [0, 0, heads, -1]));

/** [B, N, S, D] → [B, S, N·D] */
export const mergeHeads = (v: Value): Value => regrouped(swapped(v), [0, 0, -1]);
