/** Scales and zero points, and the integers they make: x ≈ scale · (q − zero), ONNX's QuantizeLinear. */
import { roundEven as nearest } from '../ops/round.js';
import { limitsOf, newArray } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';

/** Integer types that values are quantized to. */
export type QuantType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int4' | 'uint4';

export interface QuantParams {
  readonly type: QuantType;
  readonly scale: number;
  readonly zero: number;
}

/** Scales below this would make 1/scale overflow; a range of zeros gets it, too. */
const LEAST_SCALE = 2 ** -100;

/**
 * Parameters for values in [lo, hi], which is widened to hold 0 (so that zeros, padding among them, are
 * exact). Symmetric: zero point in the middle of the type, and −limit is not used for signed types.
 */
export function paramsFor(
  lo: number,
  hi: number,
  type: QuantType,
  symmetric: boolean,
): QuantParams {
  const [least, greatest] = limitsOf(type);
  const [from, to] = [Math.min(lo, 0), Math.max(hi, 0)];
  if (symmetric) {
    const zero = least === 0 ? (greatest + 1) / 2 : 0;
    const scale = Math.fround(Math.max(Math.max(-from, to) / (greatest - zero), LEAST_SCALE));
    return { type, scale, zero };
  }
  const scale = Math.fround(Math.max((to - from) / (greatest - least), LEAST_SCALE));
  const zero = Math.min(greatest, Math.max(least, roundEven(least - from / scale)));
  return { type, scale, zero };
}

/** To the nearest integer, halves to the even one; an integer: there is no −0. */
export const roundEven = (x: number): number => nearest(x) + 0;

/** The integer of one value. */
export function quantizeValue(x: number, { type, scale, zero }: QuantParams): number {
  const [least, greatest] = limitsOf(type);
  return Math.min(greatest, Math.max(least, roundEven(Math.fround(x / scale)) + zero));
}

/** A weight in integers, with a scale for each index of `axis`, or one for all (axis null). */
export interface QuantizedWeight {
  readonly values: Tensor;
  readonly scales: Float32Array;
  readonly axis: number | null;
}

/** Elements of a dense tensor by index along an axis: f(element, index along the axis). */
export function eachAlong(
  shape: readonly number[],
  axis: number | null,
  f: (at: number, channel: number) => void,
): void {
  const count = shape.reduce((p, d) => p * d, 1);
  if (axis === null) {
    for (let i = 0; i < count; i++) f(i, 0);
    return;
  }
  const inner = shape.slice(axis + 1).reduce((p, d) => p * d, 1);
  const size = shape[axis]!;
  for (let i = 0; i < count; i++) f(i, Math.floor(i / inner) % size);
}

/** Symmetric quantization of a float32 weight. */
export function quantizeWeight(
  w: Tensor,
  type: 'int8' | 'int4',
  axis: number | null,
): QuantizedWeight {
  const data = w.data as Float32Array;
  const channels = axis === null ? 1 : w.shape[axis]!;
  const most = new Float64Array(channels);
  eachAlong(w.shape, axis, (i, c) => (most[c] = Math.max(most[c]!, Math.abs(data[i]!))));
  const params = Array.from(most, (m) => paramsFor(-m, m, type, true));
  const [, limit] = limitsOf(type);
  const values = newArray(type, data.length);
  eachAlong(w.shape, axis, (i, c) => {
    values[i] = Math.max(-limit, quantizeValue(data[i]!, params[c]!));
  });
  return {
    values: { dtype: type, shape: w.shape, data: values },
    scales: Float32Array.from(params, (p) => p.scale),
    axis,
  };
}

/** What the integers stand for. */
export function dequantizeWeight({ values, scales, axis }: QuantizedWeight): Float32Array {
  const out = new Float32Array(values.data.length);
  eachAlong(values.shape, axis, (i, c) => {
    out[i] = Math.fround(Number(values.data[i]) * scales[c]!);
  });
  return out;
}
