/** Writes ONNX graphs node by node, with names and constants as PyTorch's exporter makes them. */
import {
  type Attribute,
  encodeModel,
  graph,
  modelOf,
  node,
  valueInfo,
} from '../../lib/onnx/export.js';
import type { NodeProto, Plain } from '../../lib/onnx/messages.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type Tensor, fromNumbers, sizeOf } from '../../lib/tensor/tensor.js';
import { random } from '../../test/models/random.js';

export type Sizes = readonly (number | string | null)[];
export interface Io {
  readonly name: string;
  readonly type: DType;
  readonly shape: Sizes;
}

/** Seeded numbers drawn from a table, as a model has hundreds of millions of them. */
const POOL = 1 << 20;

export class Writer {
  readonly nodes: Plain<NodeProto>[] = [];
  readonly initializers: Record<string, Tensor> = {};
  readonly #opset: number;
  readonly #random;
  readonly #normals: Float32Array;
  #count = 0;

  constructor(opset: number, seed = 1) {
    this.#opset = opset;
    this.#random = random(seed);
    this.#normals = Float32Array.from({ length: POOL }, () => this.#random.normal());
  }

  /** A node with one output; its name is made up unless `output` gives it. */
  op(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output?: string,
    domain = '',
  ): string {
    const name = `/${type}_${++this.#count}`;
    const out = output ?? `${name}_output_0`;
    this.nodes.push({ ...node(type, inputs, [out], attributes, domain), name });
    return out;
  }
  /** A node with several outputs. */
  ops(
    type: string,
    inputs: readonly string[],
    outputs: number | readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): string[] {
    const name = `/${type}_${++this.#count}`;
    const names =
      typeof outputs === 'number'
        ? Array.from({ length: outputs }, (_, i) => `${name}_output_${i}`)
        : [...outputs];
    this.nodes.push({ ...node(type, inputs, names, attributes, domain), name });
    return [...names];
  }

  constant(value: Tensor): string {
    return this.op('Constant', [], { value });
  }
  i64(...values: number[]): string {
    return this.constant(fromNumbers('int64', [values.length], values));
  }
  f32(value: number): string {
    return this.constant(fromNumbers('float32', [], [value]));
  }
  weight(name: string, value: Tensor): string {
    this.initializers[name] ??= value;
    return name;
  }

  /** Normal numbers of a standard deviation round a mean. */
  normal(shape: readonly number[], deviation: number, mean = 0): Tensor {
    const data = new Float32Array(sizeOf(shape));
    for (let at = 0; at < data.length;) {
      const from = this.#random.int(0, POOL);
      const part = this.#normals.subarray(from, from + data.length - at);
      data.set(part, at);
      at += part.length;
    }
    for (let i = 0; i < data.length; i++) data[i] = data[i]! * deviation + mean;
    return { dtype: 'float32', shape, data };
  }
  /** Uniform numbers in [low, high). */
  uniform(shape: readonly number[], low: number, high: number): Tensor {
    const one = (): number => low + this.#random.next() * (high - low);
    const data = Float32Array.from({ length: sizeOf(shape) }, one);
    return { dtype: 'float32', shape, data };
  }

  /** x·w + b of [..., from] as exporters write a linear layer: MatMul and Add. */
  linear(x: string, name: string, from: number, to: number, deviation = 0.02): string {
    const w = this.weight(`onnx::MatMul_${name}`, this.normal([from, to], deviation));
    const product = this.op('MatMul', [x, w]);
    return this.op('Add', [this.weight(`${name}.bias`, this.normal([to], 0.01)), product]);
  }
  /** Layer normalisation in pieces, as for opsets before 17. */
  layerNorm(x: string, name: string, size: number, epsilon = 1e-5): string {
    const mean = this.op('ReduceMean', [x], { axes: [-1] });
    const centered = this.op('Sub', [x, mean]);
    const square = this.op('Pow', [centered, this.f32(2)]);
    const variance = this.op('ReduceMean', [square], { axes: [-1] });
    const sum = this.op('Add', [variance, this.f32(epsilon)]);
    const quotient = this.op('Div', [centered, this.op('Sqrt', [sum])]);
    const scale = this.weight(`${name}.weight`, this.normal([size], 0.1, 1));
    const shift = this.weight(`${name}.bias`, this.normal([size], 0.05));
    return this.op('Add', [this.op('Mul', [quotient, scale]), shift]);
  }
  /** 0.5·x·(1 + erf(x/√2)) in pieces. */
  gelu(x: string): string {
    const erf = this.op('Erf', [this.op('Div', [x, this.f32(Math.SQRT2)])]);
    const product = this.op('Mul', [x, this.op('Add', [erf, this.f32(1)])]);
    return this.op('Mul', [product, this.f32(0.5)]);
  }
  /** One size of x as a vector of one element. */
  size(x: string, axis: number): string {
    const index = this.constant(fromNumbers('int64', [], [axis]));
    const size = this.op('Gather', [this.op('Shape', [x]), index], { axis: 0 });
    return this.op('Unsqueeze', [size, this.i64(0)]);
  }
  /** x in a shape whose entries are numbers, or the names of vectors of one element. */
  reshape(x: string, ...shape: (number | string)[]): string {
    if (shape.every((d) => typeof d === 'number'))
      return this.op('Reshape', [x, this.i64(...shape)]);
    const parts = shape.map((d) => (typeof d === 'number' ? this.i64(d) : d));
    return this.op('Reshape', [x, this.op('Concat', parts, { axis: 0 })]);
  }

  /** The bytes of the .onnx file. */
  save(
    inputs: readonly Io[],
    outputs: readonly Io[],
    domains: Record<string, number> = {},
  ): Uint8Array {
    const info = ({ name, type, shape }: Io): ReturnType<typeof valueInfo> =>
      valueInfo(name, type, shape);
    const content = graph(this.nodes, inputs.map(info), outputs.map(info), this.initializers);
    const model = modelOf(content, this.#opset);
    const more = Object.entries(domains).map(([domain, version]) => ({ domain, version }));
    return encodeModel({ ...model, opset_import: [...(model.opset_import ?? []), ...more] });
  }
}
