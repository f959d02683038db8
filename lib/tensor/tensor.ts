/** Tensors as `eval` and the public API see them: a dtype, static sizes and dense row-major data. */
import {
  type DType,
  type TypedArray,
  fromBfloat16,
  fromFloat16,
  kindOf,
  newArray,
  toBfloat16,
  toFloat16,
} from './dtype.js';

export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** typed array of the dtype (BigInt64Array for int64, bit patterns for 16-bit floats), or strings */
  readonly data: TypedArray | readonly string[];
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

export function tensor(dtype: DType, shape: readonly number[], data: Tensor['data']): Tensor {
  return { dtype, shape, data };
}

/** Elements as numbers: 64-bit integers lose bits beyond 2^53, 16-bit floats are decoded. */
export function toNumbers(t: Tensor): Float64Array {
  const { data, dtype } = t;
  if (kindOf(dtype) === 'string') throw new TypeError('strings are no numbers');
  // the engine's own conversion of whole arrays
  if (data instanceof Float32Array || data instanceof Float64Array) return new Float64Array(data);
  const out = new Float64Array(data.length);
  const decode =
    dtype === 'float16' ? fromFloat16 : dtype === 'bfloat16' ? fromBfloat16 : (x: number) => x;
  for (let i = 0; i < out.length; i++) out[i] = decode(Number(data[i]));
  return out;
}

/** A tensor from numbers: rounded to the dtype; integers truncate and wrap, 16-bit floats round to even. */
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
    const encode =
      dtype === 'float16'
        ? toFloat16
        : dtype === 'bfloat16'
          ? toBfloat16
          : dtype === 'bool'
            ? (x: number) => (x !== 0 ? 1 : 0)
            : (x: number) => x;
    for (let i = 0; i < values.length; i++) data[i] = encode(values[i]!);
  }
  return { dtype, shape, data };
}

/** Bytes of a numeric tensor's data, without a copy. */
export function bytesOfTensor(t: Tensor): Uint8Array {
  const d = t.data as TypedArray;
  return new Uint8Array(d.buffer as ArrayBuffer, d.byteOffset, d.byteLength);
}
