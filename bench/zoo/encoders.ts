/** Transformer encoders as PyTorch's exporter writes them: BERT, a vision transformer, Whisper's encoder. */
import { type BertConfig, bertModel } from '../../test/models/bert.js';
import { Writer } from './writer.js';

export interface EncoderConfig {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
}

export const BERT_BASE: EncoderConfig = { layers: 12, hidden: 768, heads: 12 };
export function bert(config = BERT_BASE, seed = 7, vocabulary = 30522): Uint8Array {
  const w = new Writer(14, seed);
  const weight: BertConfig['weight'] = (name, shape) =>
    w.normal(shape, shape.length > 1 ? 0.05 : 0.02, name.endsWith('LayerNorm.weight') ? 1 : 0);
  const sizes = { intermediate: 4 * config.hidden, vocabulary, positions: 512 };
  return bertModel({ ...config, ...sizes, epsilon: 1e-12, weight });
}

/** Pre-norm layers over x [batch, tokens, hidden]; LayerNormalization as one node from opset 17 on. */
class Encoder extends Writer {
  readonly #config: EncoderConfig;
  constructor(config: EncoderConfig, seed: number) {
    super(17, seed);
    this.#config = config;
  }
  norm(x: string, name: string): string {
    const { hidden } = this.#config;
    const scale = this.weight(`${name}.weight`, this.normal([hidden], 0.1, 1));
    const shift = this.weight(`${name}.bias`, this.normal([hidden], 0.05));
    return this.op('LayerNormalization', [x, scale, shift], { axis: -1, epsilon: 1e-5 });
  }
  attention(x: string, name: string): string {
    const { hidden, heads } = this.#config;
    const size = hidden / heads;
    const part = (which: string, perm: readonly number[]): string => {
      const y = this.linear(x, `${name}.${which}`, hidden, hidden, 0.05);
      const split = this.reshape(y, this.size(y, 0), this.size(y, 1), heads, size);
      return this.op('Transpose', [split], { perm });
    };
    const scale = this.f32(size ** -0.25);
    const q = this.op('Mul', [part('query', [0, 2, 1, 3]), scale]);
    const k = this.op('Mul', [part('key', [0, 2, 3, 1]), scale]);
    const weights = this.op('Softmax', [this.op('MatMul', [q, k])], { axis: -1 });
    const mixed = this.op('MatMul', [weights, part('value', [0, 2, 1, 3])]);
    const merged = this.op('Transpose', [mixed], { perm: [0, 2, 1, 3] });
    const flat = this.reshape(merged, this.size(merged, 0), this.size(merged, 1), hidden);
    return this.linear(flat, `${name}.out`, hidden, hidden, 0.03);
  }
  layers(x: string): string {
    const { layers, hidden } = this.#config;
    for (let i = 0; i < layers; i++) {
      const name = `layers.${i}`;
      x = this.op('Add', [x, this.attention(this.norm(x, `${name}.norm1`), `${name}.attn`)]);
      const wide = this.linear(
        this.norm(x, `${name}.norm2`),
        `${name}.fc1`,
        hidden,
        4 * hidden,
        0.04,
      );
      x = this.op('Add', [
        x,
        this.linear(this.gelu(wide), `${name}.fc2`, 4 * hidden, hidden, 0.02),
      ]);
    }
    return this.norm(x, 'norm');
  }
}

export const VIT_B16 = { ...BERT_BASE, side: 224 };
export function vit(config = VIT_B16, seed = 8): Uint8Array {
  const { hidden, side } = config;
  const w = new Encoder(config, seed);
  const patches = (side / 16) ** 2;
  const kernel = w.weight('patch.weight', w.normal([hidden, 3, 16, 16], Math.sqrt(1 / 768)));
  const bias = w.weight('patch.bias', w.normal([hidden], 0.01));
  const image = w.op('Conv', ['pixel_values', kernel, bias], {
    kernel_shape: [16, 16],
    strides: [16, 16],
  });
  const flat = w.reshape(image, w.size(image, 0), hidden, -1);
  const tokens = w.op('Transpose', [flat], { perm: [0, 2, 1] });
  const cls = w.weight('cls', w.normal([1, 1, hidden], 0.02));
  const shape = w.op('Concat', [w.size(tokens, 0), w.i64(-1), w.i64(-1)], { axis: 0 });
  const ones = w.op('ConstantOfShape', [w.i64(3)], {
    value: { dtype: 'int64', shape: [1], data: BigInt64Array.of(1n) },
  });
  const minus = w.op('Mul', [ones, w.i64(-1)]);
  const sizes = w.op('Where', [w.op('Equal', [shape, minus]), ones, shape]);
  const joined = w.op('Concat', [w.op('Expand', [cls, sizes]), tokens], { axis: 1 });
  const places = w.weight('positions', w.normal([1, patches + 1, hidden], 0.02));
  const x = w.layers(w.op('Add', [joined, places]));
  const first = w.op(
    'Gather',
    [x, w.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(0n) })],
    {
      axis: 1,
    },
  );
  const matrix = w.weight('head.weight', w.normal([1000, hidden], 0.03));
  const shift = w.weight('head.bias', w.normal([1000], 0.01));
  w.op('Gemm', [first, matrix, shift], { transB: 1 }, 'logits');
  return w.save(
    [{ name: 'pixel_values', type: 'float32', shape: ['batch', 3, side, side] }],
    [{ name: 'logits', type: 'float32', shape: ['batch', 1000] }],
  );
}

export const WHISPER_TINY = { layers: 4, hidden: 384, heads: 6, frames: 3000 };
export function whisperEncoder(config = WHISPER_TINY, seed = 9): Uint8Array {
  const { hidden, frames } = config;
  const w = new Encoder(config, seed);
  const conv = (x: string, name: string, from: number, stride: number): string => {
    const kernel = w.weight(
      `${name}.weight`,
      w.normal([hidden, from, 3], Math.sqrt(1 / (3 * from))),
    );
    const bias = w.weight(`${name}.bias`, w.normal([hidden], 0.01));
    return w.gelu(
      w.op('Conv', [x, kernel, bias], { kernel_shape: [3], pads: [1, 1], strides: [stride] }),
    );
  };
  const sound = conv(conv('input_features', 'conv1', 80, 1), 'conv2', hidden, 2);
  const tokens = w.op('Transpose', [sound], { perm: [0, 2, 1] });
  const places = w.weight('positions', w.normal([frames / 2, hidden], 0.1));
  const x = w.layers(w.op('Add', [tokens, places]));
  w.op('Identity', [x], {}, 'last_hidden_state');
  return w.save(
    [{ name: 'input_features', type: 'float32', shape: ['batch', 80, frames] }],
    [{ name: 'last_hidden_state', type: 'float32', shape: ['batch', frames / 2, hidden] }],
  );
}
