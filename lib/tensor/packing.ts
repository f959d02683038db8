/** Elements of 2 and 4 bits: several in a byte, the first in the lowest bits (ONNX, onnxruntime-common). */
import { type DType, bitsOf, newArray } from './dtype.js';
import { type Tensor, wrapped } from './tensor.js';

/** True for types whose elements share bytes outside of haio. */
export const isPacked = (dtype: DType): boolean => bitsOf(dtype) < 8 && dtype !== 'string';

/** Bytes of `count` packed elements. */
export const packedBytes = (dtype: DType, count: number): number =>
  Math.ceil((count * bitsOf(dtype)) / 8);

/** `count` elements, a byte each, from packed ones; there must be packedBytes of them. */
export function unpack(dtype: DType, packed: Uint8Array, count: number): Tensor['data'] {
  const bits = bitsOf(dtype);
  const per = 8 / bits;
  const out = newArray(dtype, count);
  for (let i = 0; i < count; i++)
    out[i] = wrapped(dtype, packed[Math.floor(i / per)]! >> (bits * (i % per)));
  return out;
}

/** Packed bytes of elements that take a byte each; bits that are left over are 0. */
export function pack({ dtype, data }: Tensor): Uint8Array {
  const bits = bitsOf(dtype);
  const per = 8 / bits;
  const out = new Uint8Array(packedBytes(dtype, data.length));
  const elements = data as Uint8Array;
  for (let i = 0; i < elements.length; i++)
    out[Math.floor(i / per)]! |= (elements[i]! & ((1 << bits) - 1)) << (bits * (i % per));
  return out;
}
