/** Shape arithmetic over sizes that may be symbolic. */
import * as D from './dim.js';
import type { Dim } from './dim.js';

export type Shape = readonly Dim[];

export const product = (shape: Shape): Dim => shape.reduce<Dim>((p, d) => D.mul(p, d), 1);
export const isStatic = (shape: Shape): shape is readonly number[] =>
  shape.every((d) => typeof d === 'number');
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** Row-major strides in elements. */
export function denseStrides(shape: Shape): Dim[] {
  const strides: Dim[] = new Array<Dim>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = D.mul(strides[i + 1]!, shape[i + 1]!);
  return strides;
}

/** Axis in 0..rank−1 of a possibly negative axis, or null when out of range. */
export function normalAxis(axis: number, rank: number): number | null {
  const a = axis < 0 ? axis + rank : axis;
  return Number.isInteger(a) && a >= 0 && a < rank ? a : null;
}

/** One size of two broadcast sizes (ONNX multidirectional broadcasting), or null when they differ. */
export function broadcastDim(a: Dim, b: Dim): Dim | null {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number' && typeof b === 'number') return null;
  // one is symbolic: if the other is a number ≠ 1 the result is that number
  if (typeof a === 'number') return a;
  if (typeof b === 'number') return b;
  // sizes that are not 1 are equal: one that cannot be 1 is the result, and one that is cut to a
  // limit was not cut
  if (D.isNeverOne(b) || D.isMinOf(a, b)) return b;
  if (D.isNeverOne(a) || D.isMinOf(b, a)) return a;
  return D.select(D.eq(a, 1), b, a);
}

/** Common shape of several (ONNX multidirectional broadcasting), or null. */
export function broadcast(...shapes: readonly Shape[]): Dim[] | null {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out: Dim[] = new Array<Dim>(rank).fill(1);
  for (const s of shapes)
    for (let i = 0; i < s.length; i++) {
      const at = rank - s.length + i;
      const d = broadcastDim(out[at]!, s[i]!);
      if (d === null) return null;
      out[at] = d;
    }
  return out;
}

/** Strides of `shape` seen as `to` (leading axes added, axes of size 1 repeated with stride 0). */
export function broadcastStrides(shape: Shape, strides: Shape, to: Shape): Dim[] {
  const lead = to.length - shape.length;
  return to.map((d, i) => {
    if (i < lead) return 0;
    const own = shape[i - lead]!;
    if (own === d) return strides[i - lead]!;
    return D.select(D.eq(own, 1), 0, strides[i - lead]!);
  });
}

export const formatShape = (shape: Shape): string => `[${shape.map(D.format).join(',')}]`;
