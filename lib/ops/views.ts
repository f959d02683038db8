/** Operands seen in other shapes, without a copy where the strides allow it. */
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { copyTo } from './moving.js';

/** Axes from…to−1 as one (of size 1 where from = to); null when the strides do not fit. */
export function merged(o: Operand, from: number, to: number): Operand | null {
  const axes = o.shape.map((_, i) => i).filter((i) => i >= from && i < to && o.shape[i] !== 1);
  for (let k = 0; k + 1 < axes.length; k++) {
    const [outer, inner] = [axes[k]!, axes[k + 1]!];
    if (o.strides[outer] !== D.mul(o.strides[inner]!, o.shape[inner]!)) return null;
  }
  const last = axes[axes.length - 1];
  const around = <T>(list: readonly T[], one: T): T[] => [
    ...list.slice(0, from),
    one,
    ...list.slice(to),
  ];
  return {
    ...o,
    shape: around<Dim>(o.shape, product(o.shape.slice(from, to))),
    strides: around<Dim>(o.strides, last === undefined ? 1 : o.strides[last]!),
  };
}

/** The innermost dimension is contiguous. */
const rowwise = (o: Operand): boolean => o.shape.at(-1) === 1 || o.strides.at(-1) === 1;

/** The same for a kernel that reads rows; of a copy where needed. */
export const mergedIn = (l: Lowering, o: Operand, from: number, to: number): Operand =>
  l.rows(merged(o, from, to) ?? merged(l.dense(o), from, to)!);

/**
 * Output `o` with axes from…to−1 as one for a kernel that writes rows: `write` gets it, or a dense
 * temporary that is copied then.
 */
export function mergedOut(
  l: Lowering,
  o: Operand,
  from: number,
  to: number,
  write: (out: Operand) => void,
): void {
  const view = merged(o, from, to);
  if (view && rowwise(view)) return write(view);
  const temp = l.temp(o.dtype, o.shape);
  write(merged(temp, from, to)!);
  copyTo(l, temp, o);
}

/** With `count` axes of size 1 before axis `at`. */
export const widened = (o: Operand, at: number, count: number): Operand => ({
  ...o,
  shape: [...o.shape.slice(0, at), ...new Array<Dim>(count).fill(1), ...o.shape.slice(at)],
  strides: [...o.strides.slice(0, at), ...new Array<Dim>(count).fill(0), ...o.strides.slice(at)],
});

/** Axes in another order: new axis i is old axis order[i]. */
export const reordered = (o: Operand, order: readonly number[]): Operand => ({
  ...o,
  shape: order.map((i) => o.shape[i]!),
  strides: order.map((i) => o.strides[i]!),
});
