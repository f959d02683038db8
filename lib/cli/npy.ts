/** NumPy's .npy files (NEP 1): magic, version, a header that is a Python literal, elements. */
import { raise } from '../errors.js';
import { DTYPES, type DType, viewBytes } from '../tensor/dtype.js';
import { type Tensor, bytesOfTensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';

const MAGIC = '\x93NUMPY';
/** longest header that is read; those of plain arrays have about a hundred bytes */
const MAX_HEADER = 10_000;
const ALIGN = 64;

/** kind and bytes of an element, as in '<f4'; text is '<U' and its length */
const CODES: Partial<Record<DType, string>> = {
  float16: 'f2',
  float32: 'f4',
  float64: 'f8',
  int8: 'i1',
  int16: 'i2',
  int32: 'i4',
  int64: 'i8',
  uint8: 'u1',
  uint16: 'u2',
  uint32: 'u4',
  uint64: 'u8',
  bool: 'b1',
};
const BY_CODE = new Map(Object.entries(CODES).map(([dtype, code]) => [code, dtype as DType]));

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

const ENTRY = /\s*'(\w+)'\s*:\s*(?:'([^'\\]*)'|(True|False)|\(([\d,\s]*)\))\s*(,|$)/y;

/** The dictionary with exactly descr, fortran_order and shape, or the reason why it is none. */
function parseHeader(text: string): Header | string {
  const body = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1]?.trimEnd();
  if (body === undefined) return 'its header is no dictionary';
  const found: { descr?: string; fortran?: boolean; shape?: number[] } = {};
  for (ENTRY.lastIndex = 0; ENTRY.lastIndex < body.length;) {
    const at = ENTRY.lastIndex;
    const [, key, word, flag, list] = ENTRY.exec(body) ?? [];
    if (key === 'descr' && word !== undefined && found.descr === undefined) found.descr = word;
    else if (key === 'fortran_order' && flag !== undefined && found.fortran === undefined)
      found.fortran = flag === 'True';
    else if (key === 'shape' && list !== undefined && found.shape === undefined) {
      const shape = parseTuple(list);
      if (!shape) return `its shape is (${list})`;
      found.shape = shape;
    } else return `its header has ${JSON.stringify(body.slice(at, at + 40))}`;
  }
  const { descr, fortran, shape } = found;
  if (descr === undefined || fortran === undefined || !shape) return 'its header is incomplete';
  return { descr, fortran, shape };
}

/** '3, 4' → [3, 4]; a tuple of one has a comma after it. */
function parseTuple(text: string): number[] | null {
  const list = text.trim();
  if (list === '') return [];
  if (!/^\d+\s*,$|^\d+(\s*,\s*\d+)+\s*,?$/.test(list)) return null;
  const sizes = list.split(',').filter((s) => s.trim() !== '');
  const shape = sizes.map(Number);
  return shape.every(Number.isSafeInteger) && Number.isSafeInteger(sizeOf(shape)) ? shape : null;
}

/** Elements in column-major order → row-major; `get` copies element `from` to `to`. */
function rowMajor(shape: readonly number[], copy: (from: number, to: number) => void): void {
  const strides = shape.map((_, i) => sizeOf(shape.slice(0, i)));
  const index = shape.map(() => 0);
  const count = sizeOf(shape);
  for (let to = 0, from = 0; to < count; to++) {
    copy(from, to);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** Text of fixed length, UTF-32, padded with zeros. */
function readText(
  bytes: Uint8Array,
  count: number,
  length: number,
  little: boolean,
): string[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const points = Array.from({ length: count * length }, (_, i) => view.getUint32(4 * i, little));
  if (points.some((p) => p > 0x10ffff)) return null;
  return Array.from({ length: count }, (_, i) => {
    const all = points.slice(i * length, (i + 1) * length);
    const end = all.findLastIndex((p) => p !== 0) + 1;
    return all.slice(0, end).reduce((text, p) => text + String.fromCodePoint(p), '');
  });
}

/**
 * The array in the bytes of an .npy file; `path` is for messages.
 * @throws HaioError HAIO_E_FILE for anything that is not exactly one array of numbers, bools or text
 */
export function readNpy(file: Uint8Array, path: string): Tensor {
  const fail = (reason: string): never =>
    raise('HAIO_E_FILE', { path, reason: `not a usable .npy file: ${reason}` });
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const latin = (from: number, to: number): string =>
    Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1', from, to);
  if (file.length < 10 || latin(0, 6) !== MAGIC) fail('it does not begin as one');
  const version = file[6]!;
  if (version < 1 || version > 3) fail(`version ${version}`);
  const start = version === 1 ? 10 : 12;
  if (file.length < start) fail('it ends within its header');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER) fail(`a header of ${length} bytes`);
  const from = start + length;
  if (file.length < from) fail('it ends within its header');
  const parsed = parseHeader(latin(start, from));
  if (typeof parsed === 'string') return fail(parsed);
  const { descr, fortran, shape } = parsed;
  const [, order, kind, width] = /^([<>|=])([a-zA-Z])(\d{1,6})$/.exec(descr) ?? [];
  const text = kind === 'U' && Number(width) > 0;
  const dtype = text ? 'string' : BY_CODE.get(`${kind}${width}`);
  if (dtype === undefined) return fail(`elements of type '${descr}'`);
  const bytes = text ? 4 * Number(width) : DTYPES[dtype].bytes;
  if (order === '|' && bytes > 1) fail(`elements of type '${descr}'`);
  const count = sizeOf(shape);
  const body = new Uint8Array(file.subarray(from));
  if (body.length !== count * bytes)
    fail(`${body.length} bytes of elements where its shape needs ${count * bytes}`);
  if (text) {
    const list = readText(body, count, Number(width), order !== '>');
    if (!list) return fail('text that is not Unicode');
    const data = [...list];
    if (fortran) rowMajor(shape, (a, b) => (data[b] = list[a]!));
    return { dtype, shape, data };
  }
  if (order === '>') swap(body, bytes);
  if (dtype === 'bool' && body.some((b) => b > 1)) fail('bools that are neither 0 nor 1');
  const data = viewBytes(dtype, body);
  const out = fortran ? data.slice() : data;
  if (fortran) rowMajor(shape, (a, b) => (out[b] = data[a]!));
  return { dtype, shape, data: out };
}

function swap(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

/** The bytes of an .npy file, version 1.0 (text: 1.0 too); bfloat16 is written as float32. */
export function writeNpy(t: Tensor): Uint8Array {
  if (t.dtype === 'bfloat16') return writeNpy(fromNumbers('float32', t.shape, toNumbers(t)));
  let descr: string;
  let body: Uint8Array;
  if (t.dtype === 'string') {
    const points = (t.data as readonly string[]).map((s) =>
      Array.from(s, (c) => c.codePointAt(0)!),
    );
    const width = Math.max(1, ...points.map((p) => p.length));
    const all = new Uint32Array(points.length * width);
    points.forEach((p, i) => all.set(p, i * width));
    descr = `<U${width}`;
    body = new Uint8Array(all.buffer);
  } else {
    const code = CODES[t.dtype]!;
    descr = `${code.endsWith('1') ? '|' : '<'}${code}`;
    body = bytesOfTensor(t);
  }
  const shape = `(${t.shape.join(', ')}${t.shape.length === 1 ? ',' : ''})`;
  const head = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const total = Math.ceil((10 + head.length + 1) / ALIGN) * ALIGN;
  const out = new Uint8Array(total + body.length);
  out.set(Buffer.from(`${MAGIC}\x01\x00`, 'latin1'));
  new DataView(out.buffer).setUint16(8, total - 10, true);
  out.set(Buffer.from(`${head.padEnd(total - 11)}\n`, 'latin1'), 10);
  out.set(body, total);
  return out;
}
