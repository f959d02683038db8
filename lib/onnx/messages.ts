/** ONNX's messages as decoded: absent strings are '', lists [], numbers 0, messages null. */

/** A 64-bit integer as decoded: a number where that is exact, else a bigint. */
export type Int64 = number | bigint;
/** Packed floats are kept as views of the file: chunks of little-endian elements. */
export type FloatList = readonly (number | Uint8Array)[];

export interface StringStringEntryProto {
  key: string;
  value: string;
}
export interface OperatorSetIdProto {
  domain: string;
  version: Int64;
}
export interface TensorProto {
  name: string;
  dims: readonly Int64[];
  data_type: number;
  segment: object | null;
  float_data: FloatList;
  int32_data: readonly number[];
  string_data: readonly Uint8Array[];
  int64_data: readonly Int64[];
  raw_data: Uint8Array;
  double_data: FloatList;
  uint64_data: readonly Int64[];
  external_data: readonly StringStringEntryProto[];
  data_location: number;
}
export interface SparseTensorProto {
  values: TensorProto | null;
  indices: TensorProto | null;
  dims: readonly Int64[];
}
export interface DimensionProto {
  dim_value: Int64;
  dim_param: string;
}
export interface TensorTypeProto {
  elem_type: number;
  shape: { dim: readonly DimensionProto[] } | null;
}
export interface TypeProto {
  tensor_type: TensorTypeProto | null;
  sequence_type: { elem_type: TypeProto | null } | null;
  map_type: { key_type: number; value_type: TypeProto | null } | null;
  sparse_tensor_type: TensorTypeProto | null;
  optional_type: { elem_type: TypeProto | null } | null;
}
export interface ValueInfoProto {
  name: string;
  type: TypeProto | null;
}
export interface AttributeProto {
  name: string;
  type: number;
  f: number;
  i: Int64;
  s: Uint8Array;
  t: TensorProto | null;
  g: GraphProto | null;
  floats: FloatList;
  ints: readonly Int64[];
  strings: readonly Uint8Array[];
  tensors: readonly TensorProto[];
  graphs: readonly GraphProto[];
  sparse_tensor: SparseTensorProto | null;
  ref_attr_name: string;
}
export interface NodeProto {
  input: readonly string[];
  output: readonly string[];
  name: string;
  op_type: string;
  domain: string;
  overload: string;
  attribute: readonly AttributeProto[];
}
export interface GraphProto {
  name: string;
  node: readonly NodeProto[];
  initializer: readonly TensorProto[];
  sparse_initializer: readonly SparseTensorProto[];
  input: readonly ValueInfoProto[];
  output: readonly ValueInfoProto[];
  value_info: readonly ValueInfoProto[];
}
export interface FunctionProto {
  name: string;
  domain: string;
  overload: string;
  input: readonly string[];
  output: readonly string[];
  attribute: readonly string[];
  attribute_proto: readonly AttributeProto[];
  node: readonly NodeProto[];
  opset_import: readonly OperatorSetIdProto[];
}
export interface ModelProto {
  ir_version: Int64;
  producer_name: string;
  producer_version: string;
  domain: string;
  model_version: Int64;
  doc_string: string;
  graph: GraphProto | null;
  opset_import: readonly OperatorSetIdProto[];
  metadata_props: readonly StringStringEntryProto[];
  functions: readonly FunctionProto[];
}
export interface SequenceProto {
  elem_type: number;
  tensor_values: readonly TensorProto[];
  sequence_values: readonly SequenceProto[];
}
export interface OptionalProto {
  tensor_value: TensorProto | null;
  sequence_value: SequenceProto | null;
}
export interface Messages {
  ModelProto: ModelProto;
  TensorProto: TensorProto;
  SequenceProto: SequenceProto;
  OptionalProto: OptionalProto;
}

/** The same with every field optional, at any depth: what the writer takes. */
export type Plain<T> = T extends Uint8Array | number | bigint | string
  ? T
  : T extends readonly (infer E)[]
    ? readonly Plain<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: Plain<T[K]> }
      : T;
