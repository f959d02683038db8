/**
 * A decoder as onnxruntime's model builder writes it: SimplifiedLayerNormalization, GroupQueryAttention with
 * rotary embedding (com.microsoft), a gated MLP; its cache as inputs and outputs.
 */
import { type Io, Writer } from './writer.js';

export interface LlamaConfig {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** heads of keys and values */
  readonly shared: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly positions: number;
}
/** The sizes of SmolLM-135M. */
export const LLAMA: LlamaConfig = {
  layers: 30,
  hidden: 576,
  heads: 9,
  shared: 3,
  inner: 1536,
  vocabulary: 49152,
  positions: 2048,
};

const MICROSOFT = 'com.microsoft';
const THETA = 10000;

export function llama(config = LLAMA, seed = 10): Uint8Array {
  const { layers, hidden, heads, shared, inner, vocabulary, positions } = config;
  const w = new Writer(14, seed);
  const size = hidden / heads;
  const table = (of: (x: number) => number): Float32Array =>
    Float32Array.from({ length: (positions * size) / 2 }, (_, i) => {
      const [place, pair] = [Math.floor((2 * i) / size), i % (size / 2)];
      return of(place / THETA ** ((2 * pair) / size));
    });
  const half = [positions, size / 2];
  const cos = w.weight('cos_cache', { dtype: 'float32', shape: half, data: table(Math.cos) });
  const sin = w.weight('sin_cache', { dtype: 'float32', shape: half, data: table(Math.sin) });
  const product = (x: string, name: string, from: number, to: number): string =>
    w.op('MatMul', [x, w.weight(name, w.normal([from, to], Math.sqrt(1 / from)))]);
  const norm = (x: string, name: string): string =>
    w.op('SimplifiedLayerNormalization', [x, w.weight(name, w.normal([hidden], 0.1, 1))], {
      axis: -1,
      epsilon: 1e-5,
    });
  const sum = w.op('ReduceSum', ['attention_mask', w.i64(1)], { keepdims: 0 });
  const one = w.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(1n) });
  const lengths = w.op('Cast', [w.op('Sub', [sum, one])], { to: 6 });
  const width = w.op('Gather', [w.op('Shape', ['attention_mask']), one], { axis: 0 });
  const total = w.op('Cast', [width], { to: 6 });
  const embeddings = w.weight('embed_tokens', w.normal([vocabulary, hidden], 1));
  let x = w.op('Gather', [embeddings, 'input_ids']);
  for (let i = 0; i < layers; i++) {
    const name = `layers.${i}`;
    const a = norm(x, `${name}.input_layernorm`);
    const [mixed] = w.ops(
      'GroupQueryAttention',
      [
        product(a, `${name}.q_proj`, hidden, hidden),
        product(a, `${name}.k_proj`, hidden, shared * size),
        product(a, `${name}.v_proj`, hidden, shared * size),
        `past_key_values.${i}.key`,
        `past_key_values.${i}.value`,
        ...[lengths, total, cos, sin],
      ],
      [`/${name}/attn_output_0`, `present.${i}.key`, `present.${i}.value`],
      { num_heads: heads, kv_num_heads: shared, do_rotary: 1, scale: { float: size ** -0.5 } },
      MICROSOFT,
    );
    x = w.op('Add', [x, product(mixed!, `${name}.o_proj`, hidden, hidden)]);
    const b = norm(x, `${name}.post_attention_layernorm`);
    const gate = product(b, `${name}.gate_proj`, hidden, inner);
    const gated = w.op('Mul', [gate, w.op('Sigmoid', [gate])]);
    const wide = w.op('Mul', [gated, product(b, `${name}.up_proj`, hidden, inner)]);
    x = w.op('Add', [x, product(wide, `${name}.down_proj`, inner, hidden)]);
  }
  const head = w.weight('lm_head', w.normal([hidden, vocabulary], 0.1));
  w.op('MatMul', [norm(x, 'norm'), head], {}, 'logits');
  const cache = (prefix: string, length: string): Io[] =>
    Array.from({ length: 2 * layers }, (_, i) => ({
      name: `${prefix}.${i >> 1}.${i % 2 === 0 ? 'key' : 'value'}`,
      type: 'float32',
      shape: ['batch_size', shared, length, size],
    }));
  return w.save(
    [
      { name: 'input_ids', type: 'int64', shape: ['batch_size', 'sequence_length'] },
      { name: 'attention_mask', type: 'int64', shape: ['batch_size', 'total_sequence_length'] },
      ...cache('past_key_values', 'past_sequence_length'),
    ],
    [
      { name: 'logits', type: 'float32', shape: ['batch_size', 'sequence_length', vocabulary] },
      ...cache('present', 'total_sequence_length'),
    ],
    { [MICROSOFT]: 1 },
  );
}
