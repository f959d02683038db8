/** Cases: sequences without padding, attention over them, and one step of a decoder, by their documentation. */
import type { Tensor } from '../../lib/tensor/tensor.js';
import { type Dice, type Draw, type NodeCase, filled, i32, reader, sum } from './case.js';

const F = 'float32' as const;
const float = (x: number): { float: number } => ({ float: x });

interface Tokens {
  readonly counts: readonly number[];
  readonly longest: number;
  /** places of all tokens in [B, L], then those of the padding */
  readonly places: readonly number[];
  readonly count: number;
}
function tokensOf(r: Dice, full: boolean): Tokens {
  const longest = r.int(1, 6);
  const counts = Array.from({ length: r.int(1, 4) }, () => r.int(1, longest + 1));
  if (full) counts[0] = longest;
  const all = counts.flatMap((_, b) => Array.from({ length: longest }, (_, i) => b * longest + i));
  const real = (p: number): boolean => p % longest < counts[Math.floor(p / longest)]!;
  const places = [...all.filter(real), ...all.filter((p) => !real(p))];
  return { counts, longest, places, count: all.filter(real).length };
}
const offsetsOf = (t: Tokens): Tensor => i32([t.counts.length, t.longest], ...t.places);
const sumsOf = (t: Tokens): Tensor =>
  i32([t.counts.length + 1], ...t.counts.map((_, i, c) => sum(i, (k) => c[k]!)), t.count);

const removePadding: Draw = (r) => {
  const t = tokensOf(r, false);
  const [b, c] = [t.counts.length, r.int(1, 9)];
  const x = r.tensor([b, t.longest, c]);
  const y = filled([t.count, c], ([k, j]) => {
    const p = t.places[k!]!;
    return reader(x)(Math.floor(p / t.longest), p % t.longest, j!);
  });
  return {
    op: 'RemovePadding',
    inputs: [x, i32([b], ...t.counts)],
    outputs: [F, 'int32', 'int32', 'int32'],
    expected: [y, offsetsOf(t), sumsOf(t), i32([1], Math.max(...t.counts))],
    host: true,
  };
};

const restorePadding: Draw = (r) => {
  const t = tokensOf(r, true);
  const c = r.int(1, 9);
  const x = r.tensor([t.count, c]);
  const y = filled([t.counts.length, t.longest, c], ([b, l, j]) => {
    const k = t.places.indexOf(b! * t.longest + l!);
    return k < t.count ? reader(x)(k, j!) : 0;
  });
  return { op: 'RestorePadding', inputs: [x, offsetsOf(t)], outputs: [F], expected: [y] };
};

interface Rows {
  /** q, k and v of token, head and place within the head */
  readonly q: (token: number, head: number, d: number) => number;
  readonly k: (token: number, head: number, d: number) => number;
  readonly v: (token: number, head: number, e: number) => number;
  readonly scale: number;
  readonly bias: Tensor | null;
}

/** Each token attends to those of its own sequence, [tokens, H·E]. */
function attended(t: Tokens, heads: number, d: number, e: number, a: Rows): Tensor {
  const starts = t.counts.map((_, i, c) => sum(i, (k) => c[k]!));
  return filled([t.count, heads * e], ([token, column]) => {
    const b = starts.filter((s) => s <= token!).length - 1;
    const [h, start] = [Math.floor(column! / e), starts[b]!];
    const weights = Array.from({ length: t.counts[b]! }, (_, j) => {
      const dot = sum(d, (i) => a.q(token!, h, i) * a.k(start + j, h, i));
      return Math.exp(dot * a.scale + (a.bias ? reader(a.bias)(b, h, token! - start, j) : 0));
    });
    const total = weights.reduce((x, y) => x + y, 0);
    return sum(weights.length, (j) => (weights[j]! / total) * a.v(start + j, h, column! % e));
  });
}

const biasFor = (r: Dice, t: Tokens, heads: number): Tensor | null =>
  r.chance(0.4) ? r.tensor([r.pick([1, t.counts.length]), heads, t.longest, t.longest]) : null;

const packedAttention: Draw = (r) => {
  const t = tokensOf(r, true);
  const [heads, d, inner] = [r.int(1, 4), r.pick([2, 4]), 5];
  const e = r.pick([d, 6]);
  const hidden = heads * d;
  const [x, w] = [r.tensor([t.count, inner]), r.tensor([inner, 2 * hidden + heads * e], 0.5)];
  const bias = r.tensor([w.shape[1]!]);
  const column = (token: number, c: number): number =>
    sum(inner, (i) => reader(x)(token, i) * reader(w)(i, c)) + reader(bias)(c);
  const scoreBias = biasFor(r, t, heads);
  const y = attended(t, heads, d, e, {
    q: (token, h, i) => column(token, h * d + i),
    k: (token, h, i) => column(token, hidden + h * d + i),
    v: (token, h, i) => column(token, 2 * hidden + h * e + i),
    scale: 0.4,
    bias: scoreBias,
  });
  return {
    op: 'PackedAttention',
    inputs: [x, w, bias, offsetsOf(t), sumsOf(t), scoreBias],
    constants: [1, 2],
    outputs: [F],
    expected: [y],
    attributes: {
      num_heads: heads,
      scale: float(0.4),
      ...(e === d ? {} : { qkv_hidden_sizes: [hidden, hidden, heads * e] }),
    },
  };
};

const packedMultiHead: Draw = (r) => {
  const t = tokensOf(r, true);
  const [heads, d] = [r.int(1, 4), r.pick([2, 4])];
  const merged = r.chance(0.4);
  const e = merged ? d : r.pick([d, 6]);
  const hidden = heads * d;
  const bias = r.chance() ? r.tensor([2 * hidden + heads * e]) : null;
  const qkv = r.tensor([t.count, heads, 3, d]);
  const [q, k] = [r.tensor([t.count, hidden]), r.tensor([t.count, hidden])];
  const v = r.tensor([t.count, heads * e]);
  const at = (part: number, x: Tensor, size: number) => (token: number, h: number, i: number) =>
    (merged ? reader(qkv)(token, h, part, i) : reader(x)(token, h * size + i)) +
    (bias ? reader(bias)(part * hidden + h * size + i) : 0);
  const scoreBias = biasFor(r, t, heads);
  const y = attended(t, heads, d, e, {
    q: at(0, q, d),
    k: at(1, k, d),
    v: at(2, v, e),
    scale: 1 / Math.sqrt(d),
    bias: scoreBias,
  });
  const states = merged ? [qkv, null, null] : [q, k, v];
  return {
    op: 'PackedMultiHeadAttention',
    inputs: [...states, bias, offsetsOf(t), sumsOf(t), scoreBias],
    constants: bias ? [3] : [],
    outputs: [F],
    expected: [y],
    attributes: { num_heads: heads },
  };
};

/** One query behind a past, whose keys and values stand together. */
const decoderMasked: Draw = (r): NodeCase => {
  const [b, heads, d, past, inner] = [r.int(1, 4), r.int(1, 4), 4, r.int(1, 6), 5];
  const hidden = heads * d;
  const [x, w] = [r.tensor([b, 1, inner]), r.tensor([inner, 3 * hidden], 0.5)];
  const [bias, cache] = [r.tensor([3 * hidden]), r.tensor([2, b, heads, past, d])];
  const bits = r.chance() ? [...Array<number>(b * (past + 1))].map(() => r.int(0, 2)) : null;
  const mask = bits && i32([b, past + 1], ...bits.map((m, i) => (i % (past + 1) === 0 ? 1 : m)));
  const column = (i: number, c: number): number =>
    sum(inner, (k) => reader(x)(i, 0, k) * reader(w)(k, c)) + reader(bias)(c);
  const present = filled([2, b, heads, past + 1, d], ([part, i, h, l, c]) =>
    l! < past
      ? reader(cache)(part!, i!, h!, l!, c!)
      : column(i!, (part! + 1) * hidden + h! * d + c!),
  );
  const at = reader(present);
  const y = filled([b, 1, hidden], ([i, , c]) => {
    const h = Math.floor(c! / d);
    const weights = Array.from({ length: past + 1 }, (_, l) => {
      if (mask && reader(mask)(i!, l) === 0) return 0;
      return Math.exp(sum(d, (k) => column(i!, h * d + k) * at(0, i!, h, l, k)) / Math.sqrt(d));
    });
    const total = weights.reduce((p, q) => p + q, 0);
    return sum(past + 1, (l) => (weights[l]! / total) * at(1, i!, h, l, c! % d));
  });
  return {
    op: 'DecoderMaskedSelfAttention',
    inputs: [x, w, bias, mask, cache],
    constants: [1, 2],
    outputs: [F, F],
    expected: [y, present],
    attributes: { num_heads: heads },
  };
};

export const TOKENS: Readonly<Record<string, Draw>> = {
  RemovePadding: removePadding,
  RestorePadding: restorePadding,
  PackedAttention: packedAttention,
  PackedMultiHeadAttention: packedMultiHead,
  DecoderMaskedSelfAttention: decoderMasked,
};
