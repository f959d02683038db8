/** Parts, orders and joins of values, for operators that are imported as several nodes. */
import { apply, applyAll } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { Concat } from './concat.js';
import { Expand } from './expand.js';
import { reshaped } from './reshape.js';
import { int64s } from './sizes.js';
import { Slice } from './slice.js';
import { Split } from './split.js';
import { Transpose } from './transpose.js';

/** Axis i of the result is axis perm[i] of v. */
export const transposed = (v: Value, ...perm: readonly number[]): Value =>
  perm.every((a, i) => a === i) ? v : apply(Transpose, { perm }, [v]);

/** Elements from…to−1 of an axis. */
export const cut = (v: Value, axis: number, from: Dim, to: Dim): Value =>
  from === 0 && to === shapeOf(v)[axis]
    ? v
    : apply(Slice, { axes: [axis], steps: [1] }, [v, int64s([from]), int64s([to])]);

/** Elements from, from + step, … of an axis. */
export const every = (v: Value, axis: number, from: number, step: number): Value =>
  apply(Slice, { axes: [axis], steps: [step] }, [v, int64s([from]), int64s([2 ** 31 - 1])]);

/** Consecutive parts of an axis; without sizes `count` equal ones. */
export const parted = (
  v: Value,
  axis: number,
  sizes: readonly Dim[] | number,
): readonly Value[] => {
  const count = typeof sizes === 'number' ? sizes : sizes.length;
  const given = typeof sizes === 'number' ? null : int64s(sizes);
  const wanted = new Array<boolean>(count).fill(true);
  return applyAll(Split, { axis, count }, [v, given], { wanted });
};

export const joined = (axis: number, ...parts: readonly Value[]): Value =>
  parts.length === 1 ? parts[0]! : apply(Concat, { axis }, parts);

export const expanded = (v: Value, shape: readonly Dim[]): Value =>
  apply(Expand, {}, [v, int64s(shape)]);

/** With a new axis of size 1. */
export const unsqueezed = (v: Value, axis: number): Value =>
  reshaped(v, shapeOf(v).toSpliced(axis, 0, 1));

/** [..., H·D] → [..., H, D] */
export function splitLast(v: Value, heads: number): Value {
  const shape = shapeOf(v);
  return reshaped(v, [...shape.slice(0, -1), heads, D.floorDiv(shape.at(-1)!, heads)]);
}

/** [..., H, D] → [..., H·D] */
export function mergeLast(v: Value): Value {
  const shape = shapeOf(v);
  return reshaped(v, [...shape.slice(0, -2), D.mul(shape.at(-2)!, shape.at(-1)!)]);
}
