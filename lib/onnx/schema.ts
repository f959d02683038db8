/**
 * ONNX's messages (onnx.proto of IR version 1 to 13) for protobufjs. A field is "type number",
 * repeated ones "type[] number"; `packed` only concerns writing. Unknown fields are skipped.
 */
import protobuf from 'protobufjs/light.js';
import type { FloatList, Int64, Messages, Plain } from './messages.js';

const MESSAGES: Record<string, Record<string, string>> = {
  ModelProto: {
    ir_version: 'int64 1',
    producer_name: 'string 2',
    producer_version: 'string 3',
    domain: 'string 4',
    model_version: 'int64 5',
    doc_string: 'string 6',
    graph: 'GraphProto 7',
    opset_import: 'OperatorSetIdProto[] 8',
    metadata_props: 'StringStringEntryProto[] 14',
    functions: 'FunctionProto[] 25',
  },
  OperatorSetIdProto: { domain: 'string 1', version: 'int64 2' },
  StringStringEntryProto: { key: 'string 1', value: 'string 2' },
  GraphProto: {
    node: 'NodeProto[] 1',
    name: 'string 2',
    initializer: 'TensorProto[] 5',
    doc_string: 'string 10',
    input: 'ValueInfoProto[] 11',
    output: 'ValueInfoProto[] 12',
    value_info: 'ValueInfoProto[] 13',
    sparse_initializer: 'SparseTensorProto[] 15',
    metadata_props: 'StringStringEntryProto[] 16',
  },
  NodeProto: {
    input: 'string[] 1',
    output: 'string[] 2',
    name: 'string 3',
    op_type: 'string 4',
    attribute: 'AttributeProto[] 5',
    doc_string: 'string 6',
    domain: 'string 7',
    overload: 'string 8',
    metadata_props: 'StringStringEntryProto[] 9',
  },
  AttributeProto: {
    name: 'string 1',
    f: 'float 2',
    i: 'int64 3',
    s: 'bytes 4',
    t: 'TensorProto 5',
    g: 'GraphProto 6',
    floats: 'float[] 7 packed',
    ints: 'int64[] 8',
    strings: 'bytes[] 9',
    tensors: 'TensorProto[] 10',
    graphs: 'GraphProto[] 11',
    tp: 'TypeProto 14',
    type_protos: 'TypeProto[] 15',
    type: 'int32 20',
    ref_attr_name: 'string 21',
    sparse_tensor: 'SparseTensorProto 22',
    sparse_tensors: 'SparseTensorProto[] 23',
  },
  FunctionProto: {
    name: 'string 1',
    input: 'string[] 4',
    output: 'string[] 5',
    attribute: 'string[] 6',
    node: 'NodeProto[] 7',
    doc_string: 'string 8',
    opset_import: 'OperatorSetIdProto[] 9',
    domain: 'string 10',
    attribute_proto: 'AttributeProto[] 11',
    value_info: 'ValueInfoProto[] 12',
    overload: 'string 13',
  },
  TensorProto: {
    dims: 'int64[] 1',
    data_type: 'int32 2',
    segment: 'SegmentProto 3',
    float_data: 'float[] 4 packed',
    int32_data: 'int32[] 5 packed',
    string_data: 'bytes[] 6',
    int64_data: 'int64[] 7 packed',
    name: 'string 8',
    raw_data: 'bytes 9',
    double_data: 'double[] 10 packed',
    uint64_data: 'uint64[] 11 packed',
    external_data: 'StringStringEntryProto[] 13',
    data_location: 'int32 14',
  },
  SegmentProto: { begin: 'int64 1', end: 'int64 2' },
  SparseTensorProto: { values: 'TensorProto 1', indices: 'TensorProto 2', dims: 'int64[] 3' },
  ValueInfoProto: { name: 'string 1', type: 'TypeProto 2', doc_string: 'string 3' },
  TypeProto: {
    tensor_type: 'TensorTypeProto 1',
    sequence_type: 'ElementTypeProto 4',
    map_type: 'MapTypeProto 5',
    denotation: 'string 6',
    sparse_tensor_type: 'TensorTypeProto 8',
    optional_type: 'ElementTypeProto 9',
  },
  TensorTypeProto: { elem_type: 'int32 1', shape: 'TensorShapeProto 2' },
  ElementTypeProto: { elem_type: 'TypeProto 1' },
  MapTypeProto: { key_type: 'int32 1', value_type: 'TypeProto 2' },
  TensorShapeProto: { dim: 'DimensionProto[] 1' },
  DimensionProto: { dim_value: 'int64 1', dim_param: 'string 2', denotation: 'string 3' },
  // the content of a sequence in ONNX's own test data
  SequenceProto: {
    name: 'string 1',
    elem_type: 'int32 2',
    tensor_values: 'TensorProto[] 3',
    sequence_values: 'SequenceProto[] 5',
  },
  // and of an optional
  OptionalProto: {
    name: 'string 1',
    elem_type: 'int32 2',
    tensor_value: 'TensorProto 3',
    sequence_value: 'SequenceProto 5',
  },
};

function describe(field: string): protobuf.IField {
  const [type = '', id, packed] = field.split(' ');
  const repeated = type.endsWith('[]');
  return {
    type: repeated ? type.slice(0, -2) : type,
    id: Number(id),
    options: { packed: packed === 'packed' },
    ...(repeated ? { rule: 'repeated' } : {}),
  };
}

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [
      name,
      { fields: Object.fromEntries(Object.entries(fields).map(([f, d]) => [f, describe(d)])) },
    ]),
  ),
});
for (const name of Object.keys(MESSAGES)) {
  const type = root.lookupType(name);
  const defaults = type.ctor.prototype as unknown as Record<string, unknown>;
  for (const field of type.fieldsArray) {
    if (field.repeated) continue;
    if (field.long) defaults[field.name] = 0;
    if (field.type === 'bytes') defaults[field.name] = new Uint8Array();
  }
}

/** Most strings, messages and byte fields of one file; each costs far more memory than file. */
export const FIELD_LIMIT = 2 ** 23;

/** Lists of floats stay views, 64-bit integers keep their value. */
class OnnxReader extends protobuf.Reader {
  #fields = 0;

  override size(): number {
    if (++this.#fields > FIELD_LIMIT) throw new RangeError(`more than ${FIELD_LIMIT} fields`);
    return super.size();
  }
  #varint(unsigned: boolean): Int64 {
    let value = 0;
    for (let i = 0, scale = 1; i < 7; i++, scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    let wide = BigInt(value);
    for (let i = 7; i < 10; i++) {
      const byte = this.#byte();
      wide |= BigInt(byte & 127) << BigInt(7 * i);
      if (byte < 128) {
        wide = unsigned ? BigInt.asUintN(64, wide) : BigInt.asIntN(64, wide);
        const near = Number(wide);
        return Number.isSafeInteger(near) ? near : wide;
      }
    }
    throw new RangeError('a 64-bit integer of more than 10 bytes');
  }
  #byte(): number {
    if (this.pos >= this.len) throw new RangeError('the file ends inside a field');
    return this.buf[this.pos++]!;
  }
  override int64(): never {
    return this.#varint(false) as never;
  }
  override uint64(): never {
    return this.#varint(true) as never;
  }
  override floats(list: number[] = []): number[] {
    (list as FloatList[number][]).push(this.bytes());
    return list;
  }
  override doubles(list: number[] = []): number[] {
    return this.floats(list);
  }
}

type LongLike = number | protobuf.Long | string;
const longOf = (value: LongLike | bigint): LongLike =>
  typeof value === 'bigint' ? BigInt.asIntN(64, value).toString() : value;

/** Takes bigints for 64-bit integers and chunks of bytes in lists of floats. */
class OnnxWriter extends protobuf.Writer {
  override int64(value: LongLike): protobuf.Writer {
    return super.int64(longOf(value));
  }
  override int64s(list: LongLike[]): protobuf.Writer {
    return super.int64s(list.map(longOf));
  }
  override uint64s(list: LongLike[]): protobuf.Writer {
    return super.uint64s(list.map(longOf));
  }
  override floats(list: number[]): protobuf.Writer {
    return this.bytes(packFloats(list, 4));
  }
  override doubles(list: number[]): protobuf.Writer {
    return this.bytes(packFloats(list, 8));
  }
}

/** Little-endian bytes of a list of floats of 4 or 8 bytes; a view where the list is one chunk. */
export function packFloats(list: FloatList, size: 4 | 8): Uint8Array {
  if (list.length === 1 && typeof list[0] !== 'number') return list[0]!;
  const bytes = list.reduce<number>((n, x) => n + (typeof x === 'number' ? size : x.length), 0);
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const x of list) {
    if (typeof x !== 'number') out.set(x, at);
    else if (size === 4) view.setFloat32(at, x, true);
    else view.setFloat64(at, x, true);
    at += typeof x === 'number' ? size : x.length;
  }
  return out;
}

/** Decodes a message; byte fields are views of `bytes`. Throws an Error that says what is wrong. */
export function decode<K extends keyof Messages>(name: K, bytes: Uint8Array): Messages[K] {
  return root.lookupType(name).decode(new OnnxReader(bytes)) as unknown as Messages[K];
}

/** Encodes a message given as plain objects. */
export function encode<K extends keyof Messages>(name: K, message: Plain<Messages[K]>): Uint8Array {
  return root.lookupType(name).encode(message, new OnnxWriter()).finish();
}
