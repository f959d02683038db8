/** Static quantization as QuantizeLinear and DequantizeLinear around the nodes that become integer. */
import { type Tensor, fromNumbers } from '../tensor/tensor.js';
import { node } from '../onnx/export.js';
import type { DocNode, Document } from './document.js';
import { correctedBias } from './bias.js';
import {
  type QuantParams,
  type QuantizedWeight,
  dequantizeWeight,
  eachAlong,
  quantizeWeight,
  roundEven,
} from './scheme.js';
import { type Selection, type WeightedNode, scaleOwner } from './select.js';

/** from this version on scales may go along an axis */
const PER_CHANNEL_OPSET = 13;

const scalar = (x: number): Tensor => fromNumbers('float32', [], [x]);

function addParams(doc: Document, like: string, { type, scale, zero }: QuantParams): string[] {
  return [
    doc.addConstant(`${like}_scale`, scalar(scale)),
    doc.addConstant(`${like}_zero_point`, fromNumbers(type, [], [zero])),
  ];
}

/** Q and DQ of a value: its readers that compute in integers (all, where a quantized node makes it) read what comes back. */
function roundTrip(
  doc: Document,
  value: string,
  params: readonly string[],
  readers: readonly DocNode[],
): void {
  const [q, back] = [doc.freshName(`${value}_quantized`), doc.freshName(`${value}_dequantized`)];
  const first = doc.nodes.find((n) => readers.includes(n))!;
  doc.insert(node('QuantizeLinear', [value, ...params], [q]), first);
  doc.insert(node('DequantizeLinear', [q, ...params], [back]), first);
  for (const n of readers) n.input = n.input.map((x) => (x === value ? back : x));
  doc.changed();
}

/** The weight as a constant of integers behind a DequantizeLinear. */
export function placeWeight(doc: Document, w: WeightedNode, made: QuantizedWeight): void {
  const { scales, axis, values } = made;
  const shape = axis === null ? [] : [scales.length];
  const scale = doc.addConstant(`${w.weight}_scale`, { dtype: 'float32', shape, data: scales });
  const zero = doc.addConstant(
    `${w.weight}_zero_point`,
    fromNumbers(values.dtype, shape, new Array<number>(scales.length).fill(0)),
  );
  const q = doc.addConstant(`${w.weight}_quantized`, values);
  const back = doc.freshName(`${w.weight}_dequantized`);
  doc.insert(
    node('DequantizeLinear', [q, scale, zero], [back], axis === null ? {} : { axis }),
    w.node,
  );
  w.node.input[1] = back;
  doc.changed();
}

/** The bias in the scale of the sums, input scale times weight scale, as int32; true where it fits. */
function placeBias(
  doc: Document,
  w: WeightedNode,
  input: QuantParams,
  { scales }: QuantizedWeight,
): boolean {
  const t = w.bias === null ? null : doc.constant(w.bias);
  if (
    t?.dtype !== 'float32' ||
    t.shape.length !== 1 ||
    (scales.length > 1 && t.shape[0] !== scales.length)
  )
    return false;
  const [least, greatest] = [-(2 ** 31), 2 ** 31 - 1];
  const all = Float32Array.from({ length: t.shape[0]! }, (_, c) =>
    Math.fround(input.scale * scales[scales.length > 1 ? c : 0]!),
  );
  const numbers = Array.from(t.data as Float32Array, (b, c) => roundEven(b / all[c]!));
  if (numbers.some((n) => n < least || n > greatest)) return false;
  const perChannel = scales.length > 1;
  const scale = doc.addConstant(`${w.bias!}_scale`, {
    dtype: 'float32',
    shape: perChannel ? [all.length] : [],
    data: perChannel ? all : all.slice(0, 1),
  });
  const q = doc.addConstant(`${w.bias!}_quantized`, fromNumbers('int32', t.shape, numbers));
  const back = doc.freshName(`${w.bias!}_dequantized`);
  doc.insert(node('DequantizeLinear', [q, scale], [back], perChannel ? { axis: 0 } : {}), w.node);
  w.node.input[2] = back;
  doc.changed();
  return true;
}

export interface StaticOptions {
  readonly perChannel: boolean;
  /** mean inputs by value, for bias correction; none: biases stay as they are */
  readonly means: ReadonlyMap<string, Float64Array>;
}

/**
 * Quantizes the selected nodes; `ranges` has the parameters of every selected value. Weights are
 * int8 and symmetric, biases int32.
 */
export function quantizeStatic(
  doc: Document,
  { weighted, inner, values }: Selection,
  ranges: ReadonlyMap<string, QuantParams>,
  { perChannel, means }: StaticOptions,
): void {
  const along = perChannel && doc.opset >= PER_CHANNEL_OPSET;
  const innerSet = new Set(inner);
  const integer = new Set([...weighted.map((w) => w.node), ...inner]);
  const made = new Set([...weighted.map((w) => w.result), ...inner.map((n) => n.output[0]!)]);
  const paramsOf = (value: string): QuantParams => ranges.get(scaleOwner(doc, value, innerSet))!;
  const all = new Map(values.map((v) => [v, paramsOf(v)]));
  for (const w of weighted) {
    const weight = quantizeWeight(doc.constant(w.weight)!, 'int8', along ? w.axis : null);
    const mean = means.get(w.node.input[0]!);
    const bias = mean ? correctedBias(doc, w, weight, mean) : w.bias;
    if (bias !== w.bias) w.node.input[2] = bias!;
    placeBias(doc, { ...w, bias }, all.get(w.node.input[0]!)!, weight);
    placeWeight(doc, w, weight);
  }
  const names = new Map<string, string[]>();
  for (const value of values) {
    const params = all.get(value)!;
    const key = `${params.type} ${params.scale} ${params.zero}`;
    if (!names.has(key)) names.set(key, addParams(doc, value, params));
    const users = doc.users(value);
    const readers = made.has(value) ? users : users.filter((n) => integer.has(n));
    roundTrip(doc, value, names.get(key)!, readers);
  }
}

/**
 * How well quantizing keeps a product: power of its result over that of the error, in dB (SQNR), each
 * weight counted by the `energy` (mean square) of the input channel it meets; all alike where that is
 * not known.
 */
export function weightSqnr(
  t: Tensor,
  q: QuantizedWeight,
  { inputAxis, axis, node: n }: WeightedNode,
  energy: Float64Array | null,
): number {
  const [a, b] = [t.data as Float32Array, dequantizeWeight(q)];
  const outputs = t.shape[axis]!;
  const groups = n.op_type === 'Conv' && energy ? energy.length / t.shape[inputAxis]! : 1;
  const inner = t.shape.slice(axis + 1).reduce((p, d) => p * d, 1);
  let [signal, noise] = [0, 0];
  eachAlong(t.shape, inputAxis, (i, c) => {
    const group =
      groups > 1 ? Math.floor(((Math.floor(i / inner) % outputs) * groups) / outputs) : 0;
    const e = energy ? energy[group * t.shape[inputAxis]! + c]! : 1;
    signal += e * a[i]! ** 2;
    noise += e * (a[i]! - b[i]!) ** 2;
  });
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}
