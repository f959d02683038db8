/** What Resize does to a shape. */
import type { InferContext } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import type { Shape } from '../tensor/shape.js';
import type { GridAttrs } from './resize-grid.js';

export interface ResizeAttrs extends GridAttrs {
  /** what is resized: input 1, `scales` and `roi` are of these */
  readonly axes: readonly number[];
  /** null: input 1 gives the sizes */
  readonly scales: readonly number[] | null;
  /** first and last place taken of each axis, as fractions (tf_crop_and_resize) */
  readonly roi: readonly (readonly [number, number])[] | null;
  /** the value of elements whose position is outside (tf_crop_and_resize) */
  readonly extrapolation: number;
  /** sizes are limits: the largest or smallest tensor of the same proportions is made */
  readonly policy: 'stretch' | 'not_larger' | 'not_smaller';
}

/** p / q with the smallest q up to 1024 that is `scale` as a float32, or null. */
function ratioOf(scale: number): readonly [number, number] | null {
  for (let q = 1; q <= 1024; q++) {
    const p = Math.round(scale * q);
    if (Math.fround(p / q) === Math.fround(scale)) return [p, q];
  }
  return null;
}

/** ⌊size · scale⌋, the product rounded to float32. */
function scaled(size: Dim, scale: number, ctx: InferContext | null): Dim {
  if (size === 0 || scale === 1) return size;
  const ratio = typeof size === 'number' ? null : ratioOf(scale);
  if (ratio) return D.floorDiv(D.mul(size, ratio[0]), ratio[1]);
  const n = typeof size === 'number' ? size : ctx!.pin(size);
  return Math.floor(Math.fround(Math.fround(scale) * n));
}

interface Resized {
  readonly shape: Dim[];
  /** of each of the axes; 0: new size / old size */
  readonly scales: readonly number[];
}

/** The new shape; `sizes` as input 1 has them. */
export function resized(
  shape: Shape,
  attrs: ResizeAttrs,
  sizes: Shape,
  ctx: InferContext | null = null,
): Resized {
  const { axes, policy } = attrs;
  const result = [...shape];
  if (attrs.scales) {
    const { scales } = attrs;
    axes.forEach((axis, i) => (result[axis] = scaled(shape[axis]!, scales[i]!, ctx)));
    return { shape: result, scales };
  }
  const number = (d: Dim): number => (typeof d === 'number' ? d : ctx!.pin(d));
  if (policy === 'stretch') {
    axes.forEach((axis, i) => (result[axis] = sizes[i]!));
    // the scale says how many neighbours there are
    const scaleOf = (axis: number): number => number(result[axis]!) / number(shape[axis]!);
    return { shape: result, scales: axes.map((a) => (attrs.antialias ? scaleOf(a) : 0)) };
  }
  const ratios = axes.map((axis, i) => number(sizes[i]!) / number(shape[axis]!));
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  for (const axis of axes) result[axis] = Math.floor(number(shape[axis]!) * scale + 0.5);
  return { shape: result, scales: axes.map(() => scale) };
}
