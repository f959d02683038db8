/**
 * A BERT encoder as PyTorch's exporter writes it for opset 14: layer norms and GELU in pieces, head
 * splits by Shape, Gather, Concat and Reshape, so that batch and sequence stay symbolic.
 */
import {
  encodeModel,
  graph,
  modelOf,
  node,
  valueInfo,
  type Attribute,
} from '../../lib/onnx/export.js';
import type { NodeProto, Plain } from '../../lib/onnx/messages.js';
import { type Tensor, fromNumbers } from '../../lib/tensor/tensor.js';

export interface BertConfig {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly epsilon: number;
  /** a weight by its name in PyTorch; linear layers as [out, in] */
  weight(name: string, shape: readonly number[]): Tensor;
}

const OPSET = 14;
const i64 = (...values: number[]): Tensor => fromNumbers('int64', [values.length], values);
const f32 = (value: number): Tensor => fromNumbers('float32', [], [value]);

/** The elements of a matrix, transposed: [out, in] → [in, out], as MatMul wants it. */
function transposed(t: Tensor): Tensor {
  const [rows = 0, columns = 0] = t.shape;
  const from = t.data as Float32Array;
  const data = new Float32Array(from.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) data[c * rows + r] = from[r * columns + c]!;
  return { dtype: t.dtype, shape: [columns, rows], data };
}

class Writer {
  readonly nodes: Plain<NodeProto>[] = [];
  readonly initializers: Record<string, Tensor> = {};
  readonly #config: BertConfig;
  #count = 0;

  constructor(config: BertConfig) {
    this.#config = config;
  }

  op(type: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    const name = `/${type}_${++this.#count}_output_0`;
    this.nodes.push({ ...node(type, inputs, [name], attributes), name: name.slice(0, -9) });
    return name;
  }
  constant(value: Tensor): string {
    return this.op('Constant', [], { value });
  }
  weight(name: string, ...shape: number[]): string {
    this.initializers[name] ??= this.#config.weight(name, shape);
    return name;
  }
  linear(x: string, name: string, from: number, to: number): string {
    const matrix = `onnx::MatMul_${Object.keys(this.initializers).length}`;
    this.initializers[matrix] = transposed(this.#config.weight(`${name}.weight`, [to, from]));
    const product = this.op('MatMul', [x, matrix]);
    return this.op('Add', [this.weight(`${name}.bias`, to), product]);
  }
  layerNorm(x: string, name: string): string {
    const { hidden, epsilon } = this.#config;
    const mean = this.op('ReduceMean', [x], { axes: [-1] });
    const centered = this.op('Sub', [x, mean]);
    const square = this.op('Pow', [centered, this.constant(f32(2))]);
    const variance = this.op('ReduceMean', [square], { axes: [-1] });
    const sum = this.op('Add', [variance, this.constant(f32(epsilon))]);
    const quotient = this.op('Div', [centered, this.op('Sqrt', [sum])]);
    const scaled = this.op('Mul', [quotient, this.weight(`${name}.weight`, hidden)]);
    return this.op('Add', [scaled, this.weight(`${name}.bias`, hidden)]);
  }
  gelu(x: string): string {
    const scaled = this.op('Div', [x, this.constant(f32(Math.SQRT2))]);
    const erf = this.op('Add', [this.op('Erf', [scaled]), this.constant(f32(1))]);
    return this.op('Mul', [this.op('Mul', [x, erf]), this.constant(f32(0.5))]);
  }
  /** x in the shape [batch, sequence, …rest], the first two sizes read from x */
  reshape(x: string, ...rest: number[]): string {
    const sizes = [0, 1].map((axis) => {
      const index = this.constant(fromNumbers('int64', [], [axis]));
      const size = this.op('Gather', [this.op('Shape', [x]), index], { axis: 0 });
      return this.op('Unsqueeze', [size, this.constant(i64(0))]);
    });
    const all = [...sizes, ...rest.map((d) => this.constant(i64(d)))];
    return this.op('Reshape', [x, this.op('Concat', all, { axis: 0 })]);
  }
  attention(x: string, mask: string, name: string): string {
    const { hidden, heads } = this.#config;
    const size = hidden / heads;
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      this.linear(x, `${name}.self.${part}`, hidden, hidden),
    ) as [string, string, string];
    const split = (v: string, perm: readonly number[]): string =>
      this.op('Transpose', [this.reshape(v, heads, size)], { perm });
    const keys = split(key, [0, 2, 3, 1]);
    const values = split(value, [0, 2, 1, 3]);
    const product = this.op('MatMul', [split(query, [0, 2, 1, 3]), keys]);
    const scores = this.op('Div', [product, this.constant(f32(Math.sqrt(size)))]);
    const weights = this.op('Softmax', [this.op('Add', [scores, mask])], { axis: -1 });
    const context = this.op('Transpose', [this.op('MatMul', [weights, values])], {
      perm: [0, 2, 1, 3],
    });
    const dense = this.linear(
      this.reshape(context, hidden),
      `${name}.output.dense`,
      hidden,
      hidden,
    );
    return this.layerNorm(this.op('Add', [dense, x]), `${name}.output.LayerNorm`);
  }
  layer(x: string, mask: string, name: string): string {
    const { hidden, intermediate } = this.#config;
    const attended = this.attention(x, mask, `${name}.attention`);
    const wide = this.linear(attended, `${name}.intermediate.dense`, hidden, intermediate);
    const narrow = this.linear(this.gelu(wide), `${name}.output.dense`, intermediate, hidden);
    return this.layerNorm(this.op('Add', [narrow, attended]), `${name}.output.LayerNorm`);
  }
  embeddings(): string {
    const { hidden, positions, vocabulary } = this.#config;
    const table = (name: string, rows: number): string =>
      this.weight(`embeddings.${name}_embeddings.weight`, rows, hidden);
    const words = this.op('Gather', [table('word', vocabulary), 'input_ids']);
    const types = this.op('Gather', [table('token_type', 2), 'token_type_ids']);
    this.initializers['embeddings.position_ids'] = fromNumbers(
      'int64',
      [1, positions],
      Array.from({ length: positions }, (_, i) => i),
    );
    const one = this.constant(fromNumbers('int64', [], [1]));
    const length = this.op('Gather', [this.op('Shape', ['input_ids']), one], { axis: 0 });
    const end = this.op('Unsqueeze', [length, this.constant(i64(0))]);
    const ids = this.op('Slice', [
      'embeddings.position_ids',
      this.constant(i64(0)),
      end,
      this.constant(i64(1)),
      this.constant(i64(1)),
    ]);
    const places = this.op('Gather', [table('position', positions), ids]);
    const sum = this.op('Add', [this.op('Add', [words, types]), places]);
    return this.layerNorm(sum, 'embeddings.LayerNorm');
  }
  /** 0 where attended to, the lowest float where not: [batch, 1, 1, sequence] */
  mask(): string {
    const rows = this.op('Unsqueeze', ['attention_mask', this.constant(i64(1))]);
    const all = this.op('Unsqueeze', [rows, this.constant(i64(2))]);
    const float = this.op('Cast', [all], { to: 1 });
    const inverse = this.op('Sub', [this.constant(f32(1)), float]);
    return this.op('Mul', [inverse, this.constant(f32(-3.4028234663852886e38))]);
  }
}

/**
 * Inputs input_ids, attention_mask and token_type_ids: int64 [batch, sequence]; output
 * last_hidden_state: float32 [batch, sequence, hidden].
 */
export function bertModel(config: BertConfig): Uint8Array {
  const w = new Writer(config);
  const mask = w.mask();
  let x = w.embeddings();
  for (let i = 0; i < config.layers; i++) x = w.layer(x, mask, `encoder.layer.${i}`);
  const last = w.nodes.at(-1)!;
  w.nodes[w.nodes.length - 1] = { ...last, output: ['last_hidden_state'] };
  const ids = ['input_ids', 'attention_mask', 'token_type_ids'];
  return encodeModel(
    modelOf(
      graph(
        w.nodes,
        ids.map((name) => valueInfo(name, 'int64', ['batch', 'sequence'])),
        [valueInfo('last_hidden_state', 'float32', ['batch', 'sequence', config.hidden])],
        w.initializers,
      ),
      OPSET,
    ),
  );
}
