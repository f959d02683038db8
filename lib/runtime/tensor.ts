/** The public tensor, with the field names of onnxruntime-common, and its checks. */
import { raise } from '../errors.js';
import {
  DTYPES,
  type DType,
  DTYPE_NAMES,
  type TypedArray,
  newArray,
  toFloat16,
} from '../tensor/dtype.js';
import { isMinifloat } from '../tensor/minifloat.js';
import { isPacked, pack, packedBytes, unpack } from '../tensor/packing.js';
import { fromNumbers, sizeOf } from '../tensor/tensor.js';
import type { Tensor as Plain } from '../tensor/tensor.js';

/** Anything with a type, dims and data counts as a tensor: haio's, onnxruntime-common's, a literal. */
export interface TensorLike {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

const isDType = (s: string): s is DType => s in DTYPES;

/**
 * A dense row-major tensor. `data` is the typed array of the type: BigInt64Array for int64, bit
 * patterns in Uint16Array for float16 and bfloat16, in Uint8Array for float8, Uint8Array of 0 and 1
 * for bool, string[] for string. Types of 2 and 4 bits (int4, uint4, float4e2m1, int2, uint2) are
 * packed in a Uint8Array, the first element in the lowest bits; plain arrays of them are numbers.
 */
export class Tensor implements TensorLike {
  readonly type: DType;
  readonly dims: readonly number[];
  readonly data: TypedArray | readonly string[];
  /** @throws HaioError HAIO_E_ARGUMENT when type, data and dims do not fit together */
  constructor(type: DType, data: TypedArray | ArrayLike<unknown>, dims?: readonly number[]) {
    const shape = dims ?? [data.length];
    if (!isDType(type)) argument('type', DTYPE_NAMES.join(' | '), String(type));
    if (shape.some((d) => !Number.isInteger(d) || d < 0))
      argument('dims', 'integers ≥ 0', `[${shape.join(',')}]`);
    const elements = elementsOf(type, data);
    const length = lengthOf(type, sizeOf(shape));
    if (elements.length !== length)
      argument('data', `${length} elements for [${shape.join(',')}]`, `${elements.length}`);
    this.type = type;
    this.dims = shape;
    this.data = elements;
  }
  /** number of elements */
  get size(): number {
    return sizeOf(this.dims);
  }
}

/** Length of the data of so many elements. */
const lengthOf = (type: DType, count: number): number =>
  isPacked(type) ? packedBytes(type, count) : count;

function argument(name: string, expected: string, got: string): never {
  raise('HAIO_E_ARGUMENT', { name, expected, got });
}

/** The data as what `type` is stored in; plain arrays are converted, typed arrays must match. */
function elementsOf(type: DType, data: unknown): TypedArray | readonly string[] {
  const array = isPacked(type) ? Uint8Array : DTYPES[type].array;
  if (array === null) return Array.isArray(data) ? (data as string[]) : wrong(type, data);
  if (data instanceof array) return data;
  if (ArrayBuffer.isView(data)) {
    const name = (data as object as { constructor: { name: string } }).constructor.name;
    if (type === 'float16' && name === 'Float16Array')
      return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
    if (type === 'bool' && data instanceof Uint8ClampedArray)
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return wrong(type, data);
  }
  if (!Array.isArray(data)) return wrong(type, data);
  const values = data as unknown[];
  if (isPacked(type) || isMinifloat(type) || type === 'bfloat16') {
    const t = fromNumbers(type, [values.length], values.map(Number));
    return isPacked(type) ? pack(t) : t.data;
  }
  const out = newArray(type, data.length);
  if (out instanceof BigInt64Array || out instanceof BigUint64Array)
    values.forEach((v, i) => (out[i] = BigInt(v as number)));
  else values.forEach((v, i) => (out[i] = type === 'float16' ? toFloat16(Number(v)) : Number(v)));
  return out;
}

function wrong(type: DType, data: unknown): never {
  argument('data', DTYPES[type].array?.name ?? 'string[]', describe(data));
}

/** Short description of any value for messages. */
export function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (typeof x === 'string' || typeof x === 'number' || typeof x === 'boolean')
    return `${typeof x} ${String(x).slice(0, 40)}`;
  if (typeof x !== 'object') return typeof x;
  const t = x as Partial<TensorLike>;
  if (typeof t.type === 'string' && Array.isArray(t.dims)) return `${t.type}[${t.dims.join(',')}]`;
  return (x as { constructor?: { name?: string } }).constructor?.name ?? 'object';
}

/** `value` as a plain tensor, or null when it is none (the caller knows what it should have been). */
export function plainOf(value: unknown): Plain | null {
  if (typeof value !== 'object' || value === null) return null;
  const t = value as TensorLike;
  if (typeof t.type !== 'string' || !isDType(t.type) || !Array.isArray(t.dims)) return null;
  const data = elementsOf(t.type, t.data);
  const count = sizeOf(t.dims);
  if (data.length !== lengthOf(t.type, count)) return null;
  const elements = isPacked(t.type) ? unpack(t.type, data as Uint8Array, count) : data;
  return { dtype: t.type, shape: t.dims, data: elements };
}

/** A plain tensor as one for the caller. */
export const publicOf = (t: Plain): Tensor =>
  new Tensor(t.dtype, isPacked(t.dtype) ? pack(t) : t.data, t.shape);

/**
 * Tensors by name as plain ones; `what` names the argument they came in.
 * @throws HaioError HAIO_E_ARGUMENT for what is no tensor
 */
export const plainTensors = (
  what: string,
  tensors: Readonly<Record<string, TensorLike>>,
): Record<string, Plain> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [
      name,
      plainOf(t) ?? argument(`${what}.${name}`, 'a tensor', describe(t)),
    ]),
  );
