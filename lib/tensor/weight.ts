/** A constant's elements: a view of the model's bytes with strides, never copied until packed. */
import { type DType, bytesOf, viewBytes } from './dtype.js';
import { denseStrides } from './shape.js';
import { type Tensor, sizeOf } from './tensor.js';

export interface Weight {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** in elements; 0 repeats */
  readonly strides: readonly number[];
  /** in elements from the start of `bytes` */
  readonly offset: number;
  /** little-endian elements; a view of the mapped file or of the caller's buffer (any alignment) */
  readonly bytes: Uint8Array;
  /** string tensors only */
  readonly strings?: readonly string[];
}

export function weightOf(t: Tensor): Weight {
  const base = {
    dtype: t.dtype,
    shape: t.shape,
    strides: denseStrides(t.shape) as number[],
    offset: 0,
  };
  if (t.dtype === 'string')
    return { ...base, bytes: new Uint8Array(), strings: t.data as readonly string[] };
  const d = t.data as Uint8Array;
  return {
    ...base,
    bytes: new Uint8Array(d.buffer as ArrayBuffer, d.byteOffset, d.byteLength),
  };
}

export function isDense(w: Weight): boolean {
  const dense = denseStrides(w.shape);
  return w.strides.every((s, i) => s === dense[i] || w.shape[i] === 1);
}

/** Bytes of the elements in row-major order; a view where the weight is dense. */
export function denseBytes(w: Weight): Uint8Array {
  const size = bytesOf(w.dtype);
  const count = sizeOf(w.shape);
  if (isDense(w)) return w.bytes.subarray(w.offset * size, (w.offset + count) * size);
  const out = new Uint8Array(count * size);
  const index = new Array<number>(w.shape.length).fill(0);
  for (let i = 0, at = w.offset; i < count; i++) {
    for (let b = 0; b < size; b++) out[i * size + b] = w.bytes[at * size + b]!;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      at += w.strides[axis]!;
      if (++index[axis]! < w.shape[axis]!) break;
      at -= w.strides[axis]! * w.shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** The weight as a dense tensor; a view of the weight's bytes where these are dense and aligned. */
export function tensorOf(w: Weight): Tensor {
  if (w.strings) return { dtype: w.dtype, shape: w.shape, data: w.strings };
  return { dtype: w.dtype, shape: w.shape, data: viewBytes(w.dtype, denseBytes(w)) };
}
