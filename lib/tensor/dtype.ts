/** Element types. Names are those of onnxruntime-common; `short` names kernels. */
type Bytes = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;
export type TypedArray = Bytes | Float32Array | Float64Array | BigInt64Array | BigUint64Array;

interface Info {
  /** suffix of kernel names */
  readonly short: string;
  /** TensorProto.DataType */
  readonly onnx: number;
  readonly bytes: number;
  /** where several elements share a byte in ONNX's files and at the edges of a session */
  readonly bits?: 2 | 4;
  readonly array: TypedArrayConstructor | null;
  /** 'minifloat': stored and cast, never computed with */
  readonly kind: 'float' | 'signed' | 'unsigned' | 'bool' | 'string' | 'minifloat';
  /** what kernels see it as, where that is another type of the same bytes */
  readonly storage?: 'int8' | 'uint8';
}
type TypedArrayConstructor = {
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
};

/**
 * 8-bit bool is 0 or 1. float16, bfloat16 and smaller floats are bit patterns. Integers of 2 and 4
 * bits take a byte each inside haio, with their value in it. The order is the numbering of `Type` in
 * native/kernel.h, as far as that goes.
 */
export const DTYPES = {
  float32: { short: 'f32', onnx: 1, bytes: 4, array: Float32Array, kind: 'float' },
  float16: { short: 'f16', onnx: 10, bytes: 2, array: Uint16Array, kind: 'float' },
  bfloat16: { short: 'bf16', onnx: 16, bytes: 2, array: Uint16Array, kind: 'float' },
  float64: { short: 'f64', onnx: 11, bytes: 8, array: Float64Array, kind: 'float' },
  int8: { short: 'i8', onnx: 3, bytes: 1, array: Int8Array, kind: 'signed' },
  uint8: { short: 'u8', onnx: 2, bytes: 1, array: Uint8Array, kind: 'unsigned' },
  int16: { short: 'i16', onnx: 5, bytes: 2, array: Int16Array, kind: 'signed' },
  uint16: { short: 'u16', onnx: 4, bytes: 2, array: Uint16Array, kind: 'unsigned' },
  int32: { short: 'i32', onnx: 6, bytes: 4, array: Int32Array, kind: 'signed' },
  uint32: { short: 'u32', onnx: 12, bytes: 4, array: Uint32Array, kind: 'unsigned' },
  int64: { short: 'i64', onnx: 7, bytes: 8, array: BigInt64Array, kind: 'signed' },
  uint64: { short: 'u64', onnx: 13, bytes: 8, array: BigUint64Array, kind: 'unsigned' },
  bool: { short: 'bool', onnx: 9, bytes: 1, array: Uint8Array, kind: 'bool' },
  string: { short: 'str', onnx: 8, bytes: 0, array: null, kind: 'string' },
  uint4: {
    short: 'u4',
    onnx: 21,
    bytes: 1,
    bits: 4,
    array: Uint8Array,
    kind: 'unsigned',
    storage: 'uint8',
  },
  int4: {
    short: 'i4',
    onnx: 22,
    bytes: 1,
    bits: 4,
    array: Int8Array,
    kind: 'signed',
    storage: 'int8',
  },
  uint2: {
    short: 'u2',
    onnx: 25,
    bytes: 1,
    bits: 2,
    array: Uint8Array,
    kind: 'unsigned',
    storage: 'uint8',
  },
  int2: {
    short: 'i2',
    onnx: 26,
    bytes: 1,
    bits: 2,
    array: Int8Array,
    kind: 'signed',
    storage: 'int8',
  },
  float8e4m3fn: {
    short: 'f8e4m3fn',
    onnx: 17,
    bytes: 1,
    array: Uint8Array,
    kind: 'minifloat',
    storage: 'uint8',
  },
  float8e4m3fnuz: {
    short: 'f8e4m3fnuz',
    onnx: 18,
    bytes: 1,
    array: Uint8Array,
    kind: 'minifloat',
    storage: 'uint8',
  },
  float8e5m2: {
    short: 'f8e5m2',
    onnx: 19,
    bytes: 1,
    array: Uint8Array,
    kind: 'minifloat',
    storage: 'uint8',
  },
  float8e5m2fnuz: {
    short: 'f8e5m2fnuz',
    onnx: 20,
    bytes: 1,
    array: Uint8Array,
    kind: 'minifloat',
    storage: 'uint8',
  },
  float4e2m1: {
    short: 'f4e2m1',
    onnx: 23,
    bytes: 1,
    bits: 4,
    array: Uint8Array,
    kind: 'minifloat',
    storage: 'uint8',
  },
  float8e8m0: {
    short: 'f8e8m0',
    onnx: 24,
    bytes: 1,
    array: Uint8Array,
    kind: 'minifloat',
    storage: 'uint8',
  },
} as const satisfies Record<string, Info>;

export type DType = keyof typeof DTYPES;
export const DTYPE_NAMES = Object.keys(DTYPES) as DType[];

const byOnnx = new Map<number, DType>(DTYPE_NAMES.map((n) => [DTYPES[n].onnx, n]));

/** DType of a TensorProto.DataType number, or undefined. */
export const dtypeOfOnnx = (code: number): DType | undefined => byOnnx.get(code);
/** Bytes of an element in haio's memory. */
export const bytesOf = (dtype: DType): number => DTYPES[dtype].bytes;
export const shortOf = (dtype: DType): string => DTYPES[dtype].short;
export const kindOf = (dtype: DType): Info['kind'] => DTYPES[dtype].kind;
const infoOf = (dtype: DType): Info => DTYPES[dtype];
/** Bits that say what an element is: fewer than 8 where ONNX packs several into a byte. */
export const bitsOf = (dtype: DType): number => infoOf(dtype).bits ?? 8 * DTYPES[dtype].bytes;

/** Least and greatest value of an integer type. */
export function limitsOf(dtype: DType): readonly [number, number] {
  const size = 2 ** bitsOf(dtype);
  return kindOf(dtype) === 'unsigned' ? [0, size - 1] : [-size / 2, size / 2 - 1];
}
/** The type that kernels see: integers of fewer than 8 bits are bytes, small floats bit patterns. */
export const storageOf = (dtype: DType): DType => infoOf(dtype).storage ?? dtype;
export const isFloat = (dtype: DType): boolean => DTYPES[dtype].kind === 'float';
export const isInteger = (dtype: DType): boolean =>
  DTYPES[dtype].kind === 'signed' || DTYPES[dtype].kind === 'unsigned';

/** A typed array of `length` zero elements; strings have none. */
export function newArray(dtype: DType, length: number): TypedArray {
  const array = DTYPES[dtype].array as TypedArrayConstructor | null;
  if (!array) throw new TypeError(`no typed array for ${dtype}`);
  return new array(length);
}

/** A view of `bytes` as elements of dtype; copies when the address is not a multiple of the size. */
export function viewBytes(dtype: DType, bytes: Uint8Array): TypedArray {
  const array = DTYPES[dtype].array as TypedArrayConstructor;
  const size = array.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / size));
}

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Value of a float16 bit pattern (IEEE 754 binary16). */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** float16 bit pattern nearest to x, ties to even. */
export function toFloat16(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(a)));
  const scaled = a / 2 ** (exponent - 10);
  let q = Math.floor(scaled);
  const rest = scaled - q;
  if (rest > 0.5 || (rest === 0.5 && q % 2 === 1)) q++;
  if (q < 1024) return sign | q;
  return q === 2048 ? sign | ((exponent + 16) << 10) : sign | (((exponent + 15) << 10) + q - 1024);
}

/** Value of a bfloat16 bit pattern. */
export function fromBfloat16(bits: number): number {
  u32[0] = bits << 16;
  return f32[0]!;
}

/** bfloat16 bit pattern nearest to x, ties to even. */
export function toBfloat16(x: number): number {
  f32[0] = x;
  const bits = u32[0]!;
  if (Number.isNaN(x)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** As newArray, for arrays that are written completely before they are read. */
export function newArrayUninitialized(dtype: DType, length: number): TypedArray {
  const array = DTYPES[dtype].array as TypedArrayConstructor | null;
  if (!array) throw new TypeError(`no typed array for ${dtype}`);
  if (length * array.BYTES_PER_ELEMENT < 4096) return new array(length);
  return new array(Buffer.allocUnsafeSlow(length * array.BYTES_PER_ELEMENT).buffer, 0, length);
}
