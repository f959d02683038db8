/** Writing ONNX: messages from plain values, and models from messages. */
import { DTYPES, type DType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  Plain,
  TypeProto,
  ValueInfoProto,
} from './messages.js';
import { encode } from './schema.js';
import { protoOfTensor } from './tensor.js';

/** Value of an attribute. Whole numbers are ints: write { float: 1 } where a float is meant. */
export type Attribute =
  | number
  | bigint
  | string
  | readonly (number | bigint)[]
  | readonly string[]
  | Tensor
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly graph: Plain<GraphProto> }
  | { readonly ref: string };

/** IR version that goes with the newest operator sets. */
const IR_VERSION = 10;

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);

export function attribute(name: string, value: Attribute): Plain<AttributeProto> {
  if (typeof value === 'number' && !Number.isInteger(value)) return { name, type: 1, f: value };
  if (typeof value === 'number' || typeof value === 'bigint') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: bytes(value) };
  if ('data' in value) return { name, type: 4, t: protoOfTensor('', value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('floats' in value) return { name, type: 6, floats: value.floats };
  if ('graph' in value) return { name, type: 5, g: value.graph };
  if ('ref' in value) return { name, ref_attr_name: value.ref };
  const list = value as readonly (number | bigint | string)[];
  return typeof list[0] === 'string'
    ? { name, type: 8, strings: (list as readonly string[]).map(bytes) }
    : { name, type: 7, ints: list as readonly (number | bigint)[] };
}

/** A node; its name is that of its first output. '' leaves out an input or output. */
export const node = (
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): Plain<NodeProto> => ({
  op_type: type,
  input: inputs,
  output: outputs,
  name: outputs[0] ?? '',
  domain,
  attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
});

/** A tensor type; sizes are numbers, names of symbols, or null where unknown; no shape: any rank. */
export const tensorType = (
  dtype: DType,
  shape?: readonly (number | string | null)[],
): Plain<TypeProto> => ({
  tensor_type: {
    elem_type: DTYPES[dtype].onnx,
    ...(shape
      ? {
          shape: {
            dim: shape.map((d) =>
              d === null ? {} : typeof d === 'number' ? { dim_value: d } : { dim_param: d },
            ),
          },
        }
      : {}),
  },
});

export const valueInfo = (
  name: string,
  dtype: DType,
  shape?: readonly (number | string | null)[],
): Plain<ValueInfoProto> => ({ name, type: tensorType(dtype, shape) });

export const graph = (
  nodes: readonly Plain<NodeProto>[],
  inputs: readonly Plain<ValueInfoProto>[],
  outputs: readonly Plain<ValueInfoProto>[],
  initializers: Readonly<Record<string, Tensor>> = {},
): Plain<GraphProto> => ({
  name: 'graph',
  node: nodes,
  input: inputs,
  output: outputs,
  initializer: Object.entries(initializers).map(([name, t]) => protoOfTensor(name, t)),
});

/** The bytes of an ordinary .onnx file. */
export const encodeModel = (model: Plain<ModelProto>): Uint8Array => encode('ModelProto', model);

/** A model of one graph for one version of ai.onnx. */
export const modelOf = (content: Plain<GraphProto>, opset: number): Plain<ModelProto> => ({
  ir_version: IR_VERSION,
  producer_name: 'haio',
  graph: content,
  opset_import: [{ domain: '', version: opset }],
});
