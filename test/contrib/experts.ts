/** Cases: mixtures of experts, inverses, words and tokens. */
import { type Tensor, fromNumbers, tensor } from '../../lib/tensor/tensor.js';
import { type Dice, type Draw, type NodeCase, i32, i64 } from './case.js';

const F = 'float32' as const;
const float = (x: number): { float: number } => ({ float: x });

/** A diagonal that outweighs the rest. */
const inverse: Draw = (r) => {
  const [b, n] = [r.int(1, 4), r.int(1, 6)];
  const x = r.tensor([b, n, n], 0.5);
  const data = (x.data as Float32Array).map((v, i) =>
    (i % (n * n)) % (n + 1) === 0 ? v + (r.chance() ? 3 : -3) : v,
  );
  return { op: 'Inverse', inputs: [tensor(F, x.shape, data)], outputs: [F], host: true };
};

const GATES = {
  swiglu_fusion: 1,
  activation_alpha: float(1.702),
  activation_beta: float(1),
};
interface Sizes {
  readonly tokens: readonly number[];
  readonly experts: number;
  readonly hidden: number;
  readonly inner: number;
  readonly fused: number;
}
function mixture(
  r: Dice,
  sizes: Sizes,
): { router: Tensor; attributes: NonNullable<NodeCase['attributes']> } {
  const { tokens, experts, fused } = sizes;
  const count = tokens.reduce((a, b) => a * b, 1);
  const activation = fused === 2 ? 'swiglu' : r.pick(['relu', 'gelu', 'silu', 'identity']);
  return {
    router: r.tensor([count, experts], 2),
    attributes: {
      k: r.int(1, experts + 1),
      normalize_routing_weights: r.int(0, 2),
      activation_type: activation,
      ...(fused === 2 ? GATES : {}),
      ...(fused === 2 && r.chance() ? { swiglu_limit: float(0.7) } : {}),
    },
  };
}
const tokensFor = (r: Dice): number[] => r.pick([[r.int(1, 6)], [2, r.int(1, 4)]]);

const moe: Draw = (r) => {
  const fused = r.int(1, 3);
  const sizes = { experts: r.int(1, 5), hidden: r.int(1, 9), inner: r.int(1, 9), fused };
  const tokens = tokensFor(r);
  const { router, attributes } = mixture(r, { ...sizes, tokens });
  const { experts, hidden, inner } = sizes;
  const biases = r.chance();
  return {
    op: 'MoE',
    inputs: [
      r.tensor([...tokens, hidden]),
      router,
      r.tensor([experts, fused * inner, hidden]),
      biases ? r.tensor([experts, fused * inner]) : null,
      r.tensor([experts, hidden, inner]),
      biases ? r.tensor([experts, hidden]) : null,
    ],
    constants: biases ? [2, 3, 4, 5] : [2, 4],
    outputs: [F],
    attributes,
    tolerance: 1e-3,
  };
};

/** Weights of tokens are normalised, which onnxruntime's kernel does in any case. */
const quantizedMoe: Draw = (r) => {
  const fused = r.int(1, 3);
  const bits = r.pick([4, 8]);
  const [hidden, inner] = [32 * r.int(1, 3), 32 * r.int(1, 3)];
  const experts = r.int(1, 4);
  const tokens = tokensFor(r);
  const { router, attributes } = mixture(r, { tokens, experts, hidden, inner, fused });
  const block = r.pick([0, 16, 32]);
  const scale = (rows: number, k: number): Tensor =>
    fromNumbers(
      F,
      block ? [experts, rows, k / block] : [experts, rows],
      Array.from(
        { length: experts * rows * (block ? k / block : 1) },
        () => 0.02 * r.next() + 0.005,
      ),
    );
  const weight = (rows: number, k: number): Tensor =>
    r.ints('uint8', [experts, rows, (k * bits) / 8], 0, 256);
  const biases = r.chance();
  return {
    op: 'QMoE',
    inputs: [
      r.tensor([...tokens, hidden]),
      router,
      weight(fused * inner, hidden),
      scale(fused * inner, hidden),
      biases ? r.tensor([experts, fused * inner]) : null,
      weight(hidden, inner),
      scale(hidden, inner),
      biases ? r.tensor([experts, hidden]) : null,
    ],
    constants: biases ? [2, 3, 4, 5, 6, 7] : [2, 3, 5, 6],
    outputs: [F],
    attributes: {
      ...attributes,
      normalize_routing_weights: 1,
      expert_weight_bits: bits,
      ...(block ? { block_size: block } : {}),
    },
    tolerance: 3e-3,
  };
};

/** No word is empty: onnxruntime leaves the vectors of those open. */
const wordConv: Draw = (r) => {
  const [length, width, window] = [r.int(1, 5), r.int(3, 9), r.int(1, 4)];
  const [size, filters] = [r.int(1, 6), r.int(1, 20)];
  const letters = Array.from({ length }, () => {
    const own = r.int(1, width + 1);
    return Array.from({ length: width }, (_, i) => (i < own ? r.int(1, 9) : 0));
  });
  return {
    op: 'WordConvEmbedding',
    inputs: [
      i32([length, width], ...letters.flat()),
      r.tensor([filters, 1, window, size]),
      r.tensor([filters]),
      r.tensor([9, size]),
    ],
    constants: [1, 2, 3],
    outputs: [F],
  };
};

const bifurcation: Draw = (r) => {
  const source = r.ints('int64', [r.int(3, 9)], 0, 4);
  const current = r.ints('int64', [r.int(1, 6)], 0, 4);
  const start = r.int(0, source.shape[0]! + 1);
  const predicted = r.ints('int64', [source.shape[0]! + 1 - start], 0, 4);
  (predicted.data as BigInt64Array).forEach((_, i, all) => {
    const own = (source.data as BigInt64Array)[start + i];
    if (own !== undefined && r.chance(0.7)) all[i] = own;
  });
  const given = r.chance(0.8);
  return {
    op: 'BifurcationDetector',
    inputs: [source, current, i64([1], start), given ? predicted : null],
    outputs: ['int64', 'int64'],
    host: true,
    attributes: { min_ngram_size: r.int(1, 3), max_ngram_size: r.int(3, 5) },
  };
};

const murmur: Draw = (r) => {
  const type = r.pick(['int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'] as const);
  const x =
    type === 'float32' || type === 'float64'
      ? fromNumbers(
          type,
          [5],
          Array.from({ length: 5 }, () => r.normal()),
        )
      : r.ints(type, [5], 0, 1000);
  const positive = r.int(0, 2);
  return {
    op: 'MurmurHash3',
    inputs: [x],
    outputs: [positive ? 'uint32' : 'int32'],
    host: true,
    attributes: { positive, seed: r.int(0, 100) },
  };
};

export const EXPERTS: Readonly<Record<string, Draw>> = {
  Inverse: inverse,
  MoE: moe,
  QMoE: quantizedMoe,
  WordConvEmbedding: wordConv,
  BifurcationDetector: bifurcation,
  MurmurHash3: murmur,
};
