/** Tensors as `eval` and the public API see them: a dtype, static sizes and dense row-major data. */
import {
  type DType,
  bitsOf,
  type TypedArray,
  fromBfloat16,
  fromFloat16,
  kindOf,
  newArray,
  toBfloat16,
  toFloat16,
} from './dtype.js';
import { isMinifloat, minifloatTable, toMinifloat } from './minifloat.js';

export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** typed array of the dtype (BigInt64Array for int64, bit patterns for smaller floats), or strings */
  readonly data: TypedArray | readonly string[];
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

export function tensor(dtype: DType, shape: readonly number[], data: Tensor['data']): Tensor {
  return { dtype, shape, data };
}

/** The value that an element of `dtype` stands for. */
function decoderOf(dtype: DType): (x: number) => number {
  if (dtype === 'float16') return fromFloat16;
  if (dtype === 'bfloat16') return fromBfloat16;
  if (!isMinifloat(dtype)) return (x) => x;
  const table = minifloatTable(dtype);
  return (x) => table[x]!;
}

/** What stands for a value; typed arrays truncate and wrap integers of 8 bits and more by themselves. */
function encoderOf(dtype: DType): (x: number) => number {
  if (dtype === 'float16') return toFloat16;
  if (dtype === 'bfloat16') return toBfloat16;
  if (dtype === 'bool') return (x) => (x !== 0 ? 1 : 0);
  if (isMinifloat(dtype)) return (x) => toMinifloat(dtype, x);
  return bitsOf(dtype) < 8 ? (x) => wrapped(dtype, x) : (x) => x;
}

/** The low bits of an integer as an element of a type of fewer than 8 bits. */
export function wrapped(dtype: DType, x: number): number {
  const bits = bitsOf(dtype);
  return kindOf(dtype) === 'signed' ? (x << (32 - bits)) >> (32 - bits) : x & ((1 << bits) - 1);
}

/** Elements as numbers: 64-bit integers lose bits beyond 2^53, small floats are decoded. */
export function toNumbers(t: Tensor): Float64Array {
  const { data, dtype } = t;
  if (kindOf(dtype) === 'string') throw new TypeError('strings are no numbers');
  // the engine's own conversion of whole arrays
  if (data instanceof Float32Array || data instanceof Float64Array) return new Float64Array(data);
  const out = new Float64Array(data.length);
  const decode = decoderOf(dtype);
  for (let i = 0; i < out.length; i++) out[i] = decode(Number(data[i]));
  return out;
}

/** A tensor from numbers: rounded to the dtype; integers truncate and wrap, small floats round to even. */
export function fromNumbers(
  dtype: DType,
  shape: readonly number[],
  values: ArrayLike<number>,
): Tensor {
  const data = newArray(dtype, values.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) {
      const v = Math.trunc(values[i]!);
      data[i] = Number.isFinite(v) ? BigInt(v) : 0n;
    }
  } else {
    const encode = encoderOf(dtype);
    for (let i = 0; i < values.length; i++) data[i] = encode(values[i]!);
  }
  return { dtype, shape, data };
}

/** Bytes of a numeric tensor's data, without a copy. */
export function bytesOfTensor(t: Tensor): Uint8Array {
  const d = t.data as TypedArray;
  return new Uint8Array(d.buffer as ArrayBuffer, d.byteOffset, d.byteLength);
}
