/** TensorProto ⇄ Weight. Every size is checked before anything is allocated. */
import { HaioError, raise } from '../errors.js';
import { DTYPES, type DType, dtypeOfOnnx, newArray, viewBytes } from '../tensor/dtype.js';
import { isPacked, pack, packedBytes, unpack } from '../tensor/packing.js';
import { denseStrides } from '../tensor/shape.js';
import { type Tensor, bytesOfTensor, tensor } from '../tensor/tensor.js';
import { type Weight, tensorOf, weightOf } from '../tensor/weight.js';
import type {
  Int64,
  Plain,
  SparseTensorProto,
  StringStringEntryProto,
  TensorProto,
} from './messages.js';
import { packFloats } from './schema.js';

/** Bytes of an external data file, by its location relative to the model. */
export type ExternalData = (location: string) => Uint8Array;

/** Largest tensor that is made in memory rather than viewed: a sparse one, or packed small integers. */
const MADE_LIMIT = 2 ** 30;

/** Element types without a dtype. */
const OTHER_TYPES: Record<number, string> = { 14: 'complex64', 15: 'complex128' };

const text = new TextDecoder();
export const utf8 = (bytes: Uint8Array): string => text.decode(bytes);

/** DType of a TensorProto.DataType; raises HAIO_E_MODEL for others. */
export const dtypeOfCode = (code: number, what: string): DType =>
  dtypeOfOnnx(code) ?? bad(`${what}: element type ${OTHER_TYPES[code] ?? code} is not supported`);

function bad(reason: string): never {
  raise('HAIO_E_MODEL', { reason });
}

/** Sizes as numbers and their product; raises HAIO_E_MODEL for negative or absurd ones. */
export function sizesOf(dims: readonly Int64[], what: string): { shape: number[]; count: number } {
  const shape = dims.map(Number);
  const count = shape.reduce((p, d) => p * d, 1);
  if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0) || !Number.isSafeInteger(count))
    bad(`${what} has sizes [${shape.join(',')}]`);
  return { shape, count };
}

/** The tensor as a weight: a view of the file wherever the file holds the elements as they are. */
export function weightOfProto(t: TensorProto, external?: ExternalData): Weight {
  const what = `tensor '${t.name}'`;
  if (t.segment) bad(`${what} is split into segments`);
  const dtype = dtypeOfCode(t.data_type, what);
  const { shape, count } = sizesOf(t.dims, what);
  const base = { dtype, shape, strides: denseStrides(shape) as number[], offset: 0 };
  const check = (got: number, unit: string, expected = count): void => {
    if (got !== expected)
      bad(`${what} of sizes [${shape.join(',')}] has ${got} ${unit}, expected ${expected}`);
  };
  if (dtype === 'string') {
    check(t.string_data.length, 'strings');
    return { ...base, bytes: new Uint8Array(), strings: t.string_data.map(utf8) };
  }
  const size = packedBytes(dtype, count);
  const outside = t.data_location === 1;
  const raw = outside ? externalBytes(t.external_data, size, what, external) : t.raw_data;
  const list = listOf(t, dtype);
  if (isPacked(dtype)) {
    const packed = raw.length > 0 || size === 0 ? raw : Uint8Array.from(list as number[]);
    check(packed.length, 'bytes', size);
    if (count > MADE_LIMIT)
      raise('HAIO_E_LIMIT', { what: 'a tensor', got: count, limit: MADE_LIMIT });
    return weightOf(tensor(dtype, shape, unpack(dtype, packed, count)));
  }
  if (outside || raw.length > 0 || (count === 0 && list.length === 0)) {
    check(raw.length, 'bytes', size);
    return { ...base, bytes: raw };
  }
  if (dtype === 'float32' || dtype === 'float64') {
    const bytes = packFloats(list as TensorProto['float_data'], dtype === 'float32' ? 4 : 8);
    check(bytes.length, 'bytes', size);
    return { ...base, bytes };
  }
  check(list.length, 'elements');
  const data = newArray(dtype, count);
  for (let i = 0; i < count; i++)
    data[i] =
      data instanceof BigInt64Array || data instanceof BigUint64Array
        ? BigInt(list[i] as Int64)
        : dtype === 'bool'
          ? Number(list[i] !== 0)
          : Number(list[i]);
  return weightOf(tensor(dtype, shape, data));
}

/** The field that holds the elements where raw_data does not. */
function listOf(t: TensorProto, dtype: DType): readonly unknown[] {
  if (dtype === 'float32') return t.float_data;
  if (dtype === 'float64') return t.double_data;
  if (dtype === 'int64') return t.int64_data;
  return dtype === 'uint64' || dtype === 'uint32' ? t.uint64_data : t.int32_data;
}

function externalBytes(
  entries: readonly StringStringEntryProto[],
  size: number,
  what: string,
  external?: ExternalData,
): Uint8Array {
  const get = (key: string): string | undefined => entries.find((e) => e.key === key)?.value;
  const location = get('location') ?? '';
  const parts = location.split(/[\\/]/);
  if (location === '' || /^[\\/]|^[a-z]:|\0/i.test(location) || parts.includes('..'))
    bad(`${what}: its external data '${location}' is not inside the model's folder`);
  if (!external) bad(`${what}: its external data '${location}' was not given`);
  const number = (key: string, fallback: number): number => {
    const value = get(key);
    if (value === undefined || value === '') return fallback;
    const n = /^\d+$/.test(value) ? Number(value) : NaN;
    return Number.isSafeInteger(n)
      ? n
      : bad(`${what}: the ${key} of its external data is '${value}'`);
  };
  const offset = number('offset', 0);
  const length = number('length', size);
  const file = external(location);
  if (offset + length > file.length)
    bad(
      `${what}: bytes ${offset} to ${offset + length} of '${location}', which has ${file.length}`,
    );
  return file.subarray(offset, offset + length);
}

/** A sparse tensor as a dense weight. */
export function weightOfSparse(s: SparseTensorProto, external?: ExternalData): Weight {
  if (!s.values || !s.indices) bad('a sparse tensor lacks values or indices');
  const what = `sparse tensor '${s.values.name}'`;
  const values = tensorOf(weightOfProto(s.values, external));
  const indices = weightOfProto(s.indices, external);
  const { shape, count } = sizesOf(s.dims, what);
  if (values.dtype === 'string' || indices.dtype !== 'int64') bad(`${what} has unusual types`);
  if (count > MADE_LIMIT) raise('HAIO_E_LIMIT', { what, got: count, limit: MADE_LIMIT });
  const at = tensorOf(indices).data as BigInt64Array;
  const n = values.data.length;
  const rank = indices.shape.length === 2 ? shape.length : 1;
  if (indices.shape[0] !== n || at.length !== n * rank) bad(`${what} has sizes that do not agree`);
  const sizes = indices.shape.length === 2 ? shape : [count];
  const strides = denseStrides(sizes) as number[];
  const out = newArray(values.dtype, count);
  for (let i = 0; i < n; i++) {
    let to = 0;
    for (let axis = 0; axis < rank; axis++) {
      const x = Number(at[i * rank + axis]);
      if (x < 0 || x >= sizes[axis]!)
        bad(`${what} has the index ${x} in sizes [${shape.join(',')}]`);
      to += x * strides[axis]!;
    }
    out[to] = (values.data as Float64Array)[i]!;
  }
  return weightOf(tensor(values.dtype, shape, out));
}

/** The tensor as a message with raw data (strings apart). */
export function protoOfTensor(name: string, t: Tensor): Plain<TensorProto> {
  const base = { name, dims: t.shape, data_type: DTYPES[t.dtype].onnx };
  if (isPacked(t.dtype)) return { ...base, raw_data: pack(t) };
  if (t.dtype !== 'string') return { ...base, raw_data: bytesOfTensor(t) };
  const encoder = new TextEncoder();
  return { ...base, string_data: (t.data as readonly string[]).map((s) => encoder.encode(s)) };
}

/** A tensor's elements as a dense tensor that may be kept: see tensorOf. */
export const tensorOfProto = (t: TensorProto): Tensor => tensorOf(weightOfProto(t));

/** A list of packed floats as numbers. */
export function floatsOf(list: TensorProto['float_data']): number[] {
  const bytes = packFloats(list, 4);
  if (bytes.length % 4 !== 0) bad('a list of floats ends inside an element');
  return [...(viewBytes('float32', bytes) as Float32Array)];
}

/** Runs `read`; whatever goes wrong becomes HAIO_E_MODEL with the reason. */
export function guarded<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (e instanceof HaioError) throw e;
    return raise('HAIO_E_MODEL', { reason: `${what}: ${(e as Error).message}` }, e);
  }
}
