/**
 * A GPT-2 decoder with its cache as inputs and outputs, as Optimum's exporter writes it for opset 14:
 * past_key_values.N.key and .value [batch, heads, past, size] in, present.N.key and .value with the new
 * positions behind them out. The causal mask is a slice of a constant, positions come from the past's length.
 */
import { fromNumbers } from '../../lib/tensor/tensor.js';
import { type Io, Writer } from './writer.js';

export interface Gpt2Config {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly positions: number;
}
export const GPT2: Gpt2Config = {
  layers: 12,
  hidden: 768,
  heads: 12,
  vocabulary: 50257,
  positions: 1024,
};

const LOWEST = -3.4028234663852886e38;
const pastName = (layer: number, part: string): string => `past_key_values.${layer}.${part}`;
const presentName = (layer: number, part: string): string => `present.${layer}.${part}`;

/** Pairs of past inputs and present outputs. */
export const gpt2State = ({ layers }: Pick<Gpt2Config, 'layers'>): Record<string, string> => {
  const pairs: Record<string, string> = {};
  for (let i = 0; i < layers; i++)
    for (const part of ['key', 'value']) pairs[pastName(i, part)] = presentName(i, part);
  return pairs;
};

class Decoder extends Writer {
  readonly #config: Gpt2Config;
  constructor(config: Gpt2Config, seed: number) {
    super(14, seed);
    this.#config = config;
  }

  /** x·w + b as GPT-2's own layers: flattened, Gemm, and back. */
  conv1d(x: string, name: string, from: number, to: number, deviation: number): string {
    const w = this.weight(`${name}.weight`, this.normal([from, to], deviation));
    const b = this.weight(`${name}.bias`, this.normal([to], 0.01));
    const flat = this.op('Gemm', [this.reshape(x, -1, from), w, b]);
    return this.reshape(flat, this.size(x, 0), this.size(x, 1), to);
  }
  geluTanh(x: string): string {
    const cube = this.op('Pow', [x, this.f32(3)]);
    const sum = this.op('Add', [x, this.op('Mul', [cube, this.f32(0.044715)])]);
    const tanh = this.op('Tanh', [this.op('Mul', [sum, this.f32(Math.sqrt(2 / Math.PI))])]);
    const half = this.op('Mul', [x, this.f32(0.5)]);
    return this.op('Mul', [half, this.op('Add', [tanh, this.f32(1)])]);
  }
  attention(x: string, layer: number, total: string, length: string, mask: string): string {
    const { hidden, heads, layers, positions } = this.#config;
    const name = `transformer.h.${layer}.attn`;
    const joined = this.conv1d(x, `${name}.c_attn`, hidden, 3 * hidden, 0.05);
    const [q, k, v] = this.ops('Split', [joined, this.i64(hidden, hidden, hidden)], 3, {
      axis: 2,
    }) as [string, string, string];
    const split = (t: string): string =>
      this.op(
        'Transpose',
        [this.reshape(t, this.size(t, 0), this.size(t, 1), heads, hidden / heads)],
        { perm: [0, 2, 1, 3] },
      );
    const [query, newKeys, newValues] = [split(q), split(k), split(v)];
    const append = (part: string, t: string): string =>
      this.op('Concat', [pastName(layer, part), t], { axis: 2 }, presentName(layer, part));
    const keys = append('key', newKeys);
    const values = append('value', newValues);
    const transposed = this.op('Transpose', [keys], { perm: [0, 1, 3, 2] });
    const product = this.op('MatMul', [query, transposed]);
    const scores = this.op('Div', [product, this.f32(Math.sqrt(hidden / heads))]);
    const bias = this.weight(
      'transformer.bias',
      fromNumbers(
        'bool',
        [1, 1, positions, positions],
        Array.from({ length: positions ** 2 }, (_, i) =>
          i % positions <= Math.floor(i / positions) ? 1 : 0,
        ),
      ),
    );
    const begin = this.op('Sub', [total, length]);
    const rows = this.op('Slice', [bias, begin, total, this.i64(2), this.i64(1)]);
    const causal = this.op('Slice', [rows, this.i64(0), total, this.i64(3), this.i64(1)]);
    const masked = this.op('Where', [causal, scores, this.f32(LOWEST)]);
    const weights = this.op('Softmax', [this.op('Add', [masked, mask])], { axis: -1 });
    const mixed = this.op('Transpose', [this.op('MatMul', [weights, values])], {
      perm: [0, 2, 1, 3],
    });
    const merged = this.reshape(mixed, this.size(mixed, 0), this.size(mixed, 1), hidden);
    return this.conv1d(merged, `${name}.c_proj`, hidden, hidden, 0.02 / Math.sqrt(2 * layers));
  }
  layer(x: string, i: number, total: string, length: string, mask: string): string {
    const { hidden, layers } = this.#config;
    const name = `transformer.h.${i}`;
    const first = this.layerNorm(x, `${name}.ln_1`, hidden);
    const attended = this.op('Add', [this.attention(first, i, total, length, mask), x]);
    const second = this.layerNorm(attended, `${name}.ln_2`, hidden);
    const wide = this.conv1d(second, `${name}.mlp.c_fc`, hidden, 4 * hidden, 0.05);
    const narrow = this.conv1d(
      this.geluTanh(wide),
      `${name}.mlp.c_proj`,
      4 * hidden,
      hidden,
      0.04 / Math.sqrt(2 * layers),
    );
    return this.op('Add', [attended, narrow]);
  }
  run(): Uint8Array {
    const { layers, hidden, heads, vocabulary, positions } = this.#config;
    const length = this.size('input_ids', 1);
    const past = this.size(pastName(0, 'key'), 2);
    const total = this.op('Add', [past, length]);
    const scalar = (x: string): string => this.op('Squeeze', [x, this.i64(0)]);
    const one = this.constant(fromNumbers('int64', [], [1]));
    const range = this.op('Range', [scalar(past), scalar(total), one]);
    const places = this.op('Unsqueeze', [range, this.i64(0)]);
    const table = this.weight('transformer.wte.weight', this.normal([vocabulary, hidden], 0.15));
    const placeTable = this.weight(
      'transformer.wpe.weight',
      this.normal([positions, hidden], 0.05),
    );
    let x = this.op('Add', [
      this.op('Gather', [table, 'input_ids']),
      this.op('Gather', [placeTable, places]),
    ]);
    const rows = this.op('Unsqueeze', ['attention_mask', this.i64(1)]);
    const float = this.op('Cast', [this.op('Unsqueeze', [rows, this.i64(2)])], { to: 1 });
    const mask = this.op('Mul', [this.op('Sub', [this.f32(1), float]), this.f32(LOWEST)]);
    for (let i = 0; i < layers; i++) x = this.layer(x, i, total, length, mask);
    const last = this.layerNorm(x, 'transformer.ln_f', hidden);
    // untied: seeded weights would say the last token again
    const head = this.weight('onnx::MatMul_lm_head', this.normal([hidden, vocabulary], 0.1));
    this.op('MatMul', [last, head], {}, 'logits');
    const cache = (name: (layer: number, part: string) => string, size: string): Io[] =>
      Array.from({ length: layers }, (_, i) =>
        ['key', 'value'].map((part): Io => ({
          name: name(i, part),
          type: 'float32',
          shape: ['batch_size', heads, size, hidden / heads],
        })),
      ).flat();
    return this.save(
      [
        { name: 'input_ids', type: 'int64', shape: ['batch_size', 'sequence_length'] },
        {
          name: 'attention_mask',
          type: 'int64',
          shape: ['batch_size', 'past_sequence_length + sequence_length'],
        },
        ...cache(pastName, 'past_sequence_length'),
      ],
      [
        {
          name: 'logits',
          type: 'float32',
          shape: ['batch_size', 'sequence_length', vocabulary],
        },
        ...cache(presentName, 'past_sequence_length + sequence_length'),
      ],
    );
  }
}

export const gpt2 = (config: Gpt2Config = GPT2, seed = 1): Uint8Array =>
  new Decoder(config, seed).run();
