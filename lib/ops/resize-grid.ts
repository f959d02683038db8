/**
 * Where the elements of a resized axis come from (ONNX Resize-19, "coordinate_transformation_mode").
 * Positions are computed in float32, as other runtimes do: ties of nearest neighbours hang on it.
 * native/ops/resize_table.cpp computes the same.
 */
export const MODES = ['nearest', 'linear', 'cubic'] as const;
export const TRANSFORMS = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;
/** 'simple' is Upsample's and Resize-10's: down when enlarging, up when reducing. */
export const NEAREST = [
  'round_prefer_floor',
  'round_prefer_ceil',
  'floor',
  'ceil',
  'simple',
] as const;

export interface GridAttrs {
  readonly mode: (typeof MODES)[number];
  readonly transform: (typeof TRANSFORMS)[number];
  readonly nearest: (typeof NEAREST)[number];
  /** the parameter of cubic interpolation */
  readonly cubicA: number;
  /** neighbours outside of the tensor have no weight; else the edge is repeated */
  readonly excludeOutside: boolean;
  /** linear and cubic filters are widened when reducing */
  readonly antialias: boolean;
}

/** An axis of `size` elements resized to `length`. */
export interface AxisGrid {
  readonly size: number;
  readonly length: number;
  /** 0: length / size */
  readonly scale: number;
  /** part of the axis that is taken, as fractions; tf_crop_and_resize only */
  readonly roi: readonly [number, number];
}

/** Neighbours of one resized element. */
export interface Taps {
  readonly places: readonly number[];
  readonly weights: readonly number[];
  /** its position is outside of the axis */
  readonly outside: boolean;
}

const f = Math.fround;
const scaleOf = ({ size, length, scale }: AxisGrid): number => f(scale || f(length) / f(size));

/** Position on the old axis of element i. */
function positionOf(i: number, { transform }: GridAttrs, axis: AxisGrid): number {
  const { size, length, roi } = axis;
  const scale = scaleOf(axis);
  const half = f(f(f(i + 0.5) / scale) - 0.5);
  switch (transform) {
    case 'half_pixel':
      return half;
    case 'half_pixel_symmetric': {
      const adjustment = f(length / f(scale * size));
      return f(f(f(size / 2) * f(1 - adjustment)) + half);
    }
    case 'pytorch_half_pixel':
      return length > 1 ? half : 0;
    case 'align_corners': {
      // where scales are given ONNX takes the length before it is rounded down
      const exact = axis.scale ? f(scale * size) : length;
      return length > 1 ? f(f(i * (size - 1)) / f(exact - 1)) : 0;
    }
    case 'asymmetric':
      return f(i / scale);
    case 'tf_half_pixel_for_nn':
      return f(f(i + 0.5) / scale);
    case 'tf_crop_and_resize': {
      const [start, end] = roi;
      if (length <= 1) return f(0.5 * (start + end) * (size - 1));
      return f(start * (size - 1) + (i * (end - start) * (size - 1)) / (length - 1));
    }
  }
}

function nearestOf(x: number, rounding: GridAttrs['nearest'], scale: number): number {
  switch (rounding) {
    case 'round_prefer_floor':
      return Math.ceil(f(x - 0.5));
    case 'round_prefer_ceil':
      return Math.floor(f(x + 0.5));
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'simple':
      return scale < 1 ? Math.ceil(x) : Math.floor(x);
  }
}

function linear(x: number): number {
  return Math.max(0, 1 - Math.abs(x));
}
/** Keys' kernel (ONNX Resize, "cubic_coeff_a"). */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** Filter radius in elements of the old axis. */
const stretchOf = (attrs: GridAttrs, scale: number): number =>
  attrs.antialias && attrs.mode !== 'nearest' ? Math.min(scale, 1) : 1;
const firstTap = (attrs: GridAttrs, scale: number): number =>
  Math.floor(-(attrs.mode === 'cubic' ? 2 : 1) / stretchOf(attrs, scale)) + 1;

/** Number of neighbours that every element has. */
export const tapsOf = (attrs: GridAttrs, scale: number): number =>
  attrs.mode === 'nearest' ? 1 : 2 - 2 * firstTap(attrs, f(scale));

/** The neighbours of element i. */
export function neighboursOf(i: number, attrs: GridAttrs, axis: AxisGrid): Taps {
  const { size } = axis;
  const scale = scaleOf(axis);
  const x = positionOf(i, attrs, axis);
  const inside = (k: number): number => Math.max(0, Math.min(size - 1, k));
  const outside = x < 0 || x > size - 1;
  if (attrs.mode === 'nearest')
    return { places: [inside(nearestOf(x, attrs.nearest, scale))], weights: [1], outside };
  const base = Math.floor(x);
  const ratio = x - base;
  const stretch = stretchOf(attrs, scale);
  const first = firstTap(attrs, scale);
  const places: number[] = [];
  const weights: number[] = [];
  let sum = 0;
  for (let k = first; k <= 1 - first; k++) {
    const d = (k - ratio) * stretch;
    const place = base + k;
    const kept = !attrs.excludeOutside || (place >= 0 && place < size);
    const weight = kept ? (attrs.mode === 'cubic' ? cubic(d, attrs.cubicA) : linear(d)) : 0;
    places.push(inside(place));
    weights.push(weight);
    sum += weight;
  }
  const norm = attrs.antialias || attrs.excludeOutside ? sum : 1;
  return { places, weights: weights.map((w) => w / norm), outside };
}
