/** A model of floats as converters write it in float16, with float32 at its inputs and outputs. */
import { type Attribute, encodeModel, node } from '../../lib/onnx/export.js';
import type { AttributeProto, NodeProto, Plain, TensorProto } from '../../lib/onnx/messages.js';
import { decode } from '../../lib/onnx/schema.js';
import { protoOfTensor, tensorOfProto } from '../../lib/onnx/tensor.js';
import { fromNumbers, toNumbers } from '../../lib/tensor/tensor.js';

/** codes of TensorProto.DataType */
const [FLOAT, HALF] = [1, 10];
/** Where converters hold numbers that float16 cannot: epsilons stay above 0, masks finite. */
const [LEAST, MOST] = [1e-7, 1e4];
const held = (x: number): number =>
  x === 0 ? x : Math.sign(x) * Math.min(Math.max(Math.abs(x), LEAST), MOST);

const to = (type: number): Record<string, Attribute> => ({ to: type });

function halfTensor(t: TensorProto): Plain<TensorProto> {
  if (t.data_type !== FLOAT) return t;
  const whole = tensorOfProto(t);
  return protoOfTensor(t.name, fromNumbers('float16', whole.shape, toNumbers(whole).map(held)));
}

/** Constants and Casts that are of floats become of halves. */
function halfAttribute(type: string, a: AttributeProto): Plain<AttributeProto> {
  if (a.t) return { ...a, t: halfTensor(a.t) };
  return type === 'Cast' && a.name === 'to' && Number(a.i) === FLOAT ? { ...a, i: HALF } : a;
}

/** @param bytes a model without control flow, all of its floats float32 */
export function halves(bytes: Uint8Array): Uint8Array {
  const model = decode('ModelProto', bytes);
  const graph = model.graph!;
  const weights = new Set(graph.initializer.map((t) => t.name));
  const isFloat = (v: (typeof graph.input)[number]): boolean =>
    Number(v.type?.tensor_type?.elem_type) === FLOAT && !weights.has(v.name);
  const edges = (list: typeof graph.input): string[] => list.filter(isFloat).map((v) => v.name);
  const [inputs, outputs] = [edges(graph.input), edges(graph.output)];
  const renamed = new Set([...inputs, ...outputs]);
  const rename = (name: string): string => (renamed.has(name) ? `${name}_half` : name);
  // Resize takes float32 scales and regions only
  const kept = new Set(
    graph.node.filter((n) => n.op_type === 'Resize').flatMap((n) => n.input.slice(1)),
  );
  const isKept = (n: NodeProto): boolean => n.output.some((name) => kept.has(name));
  const nodes = graph.node.map((n): Plain<NodeProto> => ({
    ...{ name: n.name, op_type: n.op_type, domain: n.domain },
    input: n.input.map(rename),
    output: n.output.map(rename),
    attribute: isKept(n)
      ? n.attribute
      : (n.attribute.map((a) => halfAttribute(n.op_type, a)) as AttributeProto[]),
  }));
  const cast = (type: number) => (name: string) =>
    type === HALF
      ? node('Cast', [name], [rename(name)], to(HALF))
      : node('Cast', [rename(name)], [name], to(FLOAT));
  return encodeModel({
    ...{ ir_version: model.ir_version, opset_import: model.opset_import },
    graph: {
      ...{ name: graph.name, input: graph.input, output: graph.output },
      node: [...inputs.map(cast(HALF)), ...nodes, ...outputs.map(cast(FLOAT))],
      initializer: graph.initializer.map((t) => (kept.has(t.name) ? t : halfTensor(t))),
    },
  });
}
