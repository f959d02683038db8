/**
 * GridSample (ONNX): x [N, C, ...spatial] at the places of a grid [N, ...out, D], whose last axis
 * holds coordinates from −1 to 1, the last spatial axis first.
 */
import { raise } from '../errors.js';
import { type OnnxNode, defineOp, shapeError } from '../ir/op.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { checkSize, floatAt, numericAt } from './facts.js';

export interface GridSampleAttrs {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly padding: 'zeros' | 'border' | 'reflection';
  /** −1 and 1 are the centres of the outer elements, else their outer edges */
  readonly alignCorners: boolean;
}

/** An element of an axis, −1 for one that counts as zero, and its weight. */
type Tap = readonly [index: number, weight: number];

/** x mirrored at both ends until it lies between them. */
function reflected(x: number, low: number, high: number): number {
  const range = high - low;
  if (range <= 0) return low;
  const distance = x < low ? low - x : x - low;
  const turns = Math.floor(distance / range);
  const rest = distance - turns * range;
  return turns % 2 === 0 ? low + rest : high - rest;
}

/** Nearest integer, ties to even. */
function rounded(x: number): number {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (Math.abs(low) % 2) : Math.floor(x + 0.5);
}

/** Cubic convolution with a = −3/4 (Keys, 1981). */
function cubic(distance: number): number {
  const a = -0.75;
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? a * (((d - 5) * d + 8) * d - 4) : 0;
}

function tapsOf(coordinate: number, size: number, attrs: GridSampleAttrs): Tap[] {
  const { mode, padding, alignCorners } = attrs;
  const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5];
  let x = ((coordinate + 1) / 2) * (high - low) + low;
  // a place that is no number is one outside
  if (!Number.isFinite(x)) x = low - 1;
  if (mode === 'nearest') x = rounded(x);
  if (x < low || x > high) {
    // the cubic's taps are moved to the border one by one, as in PyTorch and onnxruntime
    if (padding === 'border' && mode !== 'cubic') x = Math.min(Math.max(x, 0), size - 1);
    else if (padding === 'reflection') x = reflected(x, low, high);
  }
  const place = (i: number): number => {
    if (i >= 0 && i < size) return i;
    if (padding === 'zeros') return -1;
    const inside = padding === 'border' ? i : Math.round(reflected(i, low, high));
    return Math.min(Math.max(inside, 0), size - 1);
  };
  const first = Math.floor(x);
  if (mode === 'nearest') return [[place(rounded(x)), 1]];
  if (mode === 'linear')
    return [
      [place(first), 1 - (x - first)],
      [place(first + 1), x - first],
    ];
  return [-1, 0, 1, 2].map((k) => [place(first + k), cubic(first + k - x)]);
}

/** The elements of an image that make one output, from the taps of each axis. */
function combined(axes: readonly (readonly Tap[])[], sizes: readonly number[]): Tap[] {
  let taps: Tap[] = [[0, 1]];
  axes.forEach((list, axis) => {
    taps = taps.flatMap(([at, weight]) =>
      list.filter(([i]) => i >= 0).map(([i, w]): Tap => [at * sizes[axis]! + i, weight * w]),
    );
  });
  return taps;
}

function read(n: OnnxNode): GridSampleAttrs {
  const choose = <T extends string>(name: string, table: Readonly<Record<string, T>>): T => {
    const got = n.string(name, Object.keys(table)[0]);
    const found = Object.hasOwn(table, got) ? table[got] : undefined;
    const expected = Object.keys(table).join(', ');
    return (
      found ??
      raise('HAIO_E_ATTRIBUTE', { node: n.name, op: n.type, attribute: name, expected, got })
    );
  };
  return {
    mode: choose('mode', {
      linear: 'linear',
      bilinear: 'linear',
      nearest: 'nearest',
      cubic: 'cubic',
      bicubic: 'cubic',
    }),
    padding: choose('padding_mode', {
      zeros: 'zeros',
      border: 'border',
      reflection: 'reflection',
    }),
    alignCorners: n.int('align_corners', 0) !== 0,
  };
}

export const GridSample = defineOp<GridSampleAttrs>({
  name: 'GridSample',
  infer(inputs) {
    const [x, grid] = [numericAt(inputs, 0), floatAt(inputs, 1).shape];
    const rank = x.shape.length;
    if (rank < 3 || grid.length !== rank)
      shapeError(`the grid must have the rank of the image, got ${grid.length} and ${rank}`);
    checkSize('the last axis of the grid', grid.at(-1), rank - 2);
    checkSize('the first axis of the grid', grid[0], x.shape[0]!);
    return [{ type: { dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...grid.slice(1, -1)] } }];
  },
  eval([x, grid], attrs) {
    const [batches, channels, ...sizes] = x!.shape as [number, number, ...number[]];
    const out = grid!.shape.slice(1, -1);
    const [area, points, rank] = [sizeOf(sizes), sizeOf(out), sizes.length];
    const [values, places] = [toNumbers(x!), toNumbers(grid!)];
    const results = new Float64Array(batches * channels * points);
    if (area === 0) return [fromNumbers(x!.dtype, [batches, channels, ...out], results)];
    for (let b = 0; b < batches; b++)
      for (let p = 0; p < points; p++) {
        const at = (b * points + p) * rank;
        const axes = sizes.map((size, i) => tapsOf(places[at + rank - 1 - i]!, size, attrs));
        const taps = combined(axes, sizes);
        for (let c = b * channels; c < (b + 1) * channels; c++) {
          let sum = 0;
          for (const [i, weight] of taps) sum += values[c * area + i]! * weight;
          results[c * points + p] = sum;
        }
      }
    return [fromNumbers(x!.dtype, [batches, channels, ...out], results)];
  },
  onnx: [
    { type: 'GridSample', since: 16, read },
    { type: 'GridSample', since: 1, domain: 'com.microsoft', read },
  ],
});
