/**
 * Sequences of several lengths, padded to [B, L, …] or packed to [tokens, …]. `offsets` [B, L] lists the
 * places b · L + i of all tokens, then those of the padding.
 */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { cut, expanded, transposed } from './arrange.js';
import { attend, fromHeads, maskWhere, range, scaleOf, sumOf, toHeads } from './attend.js';
import { biasOf } from './attention-masks.js';
import { cast, minus, plus, scalarLike } from './formula.js';
import { Gather } from './gather.js';
import { Less } from './less.js';
import { reshaped } from './reshape.js';
import { ScatterND } from './scatter-nd.js';

type Input = Value | null | undefined;

/** [tokens, C] as [B, L, C], zeros in the padding. */
export function restored(x: Value, offsets: Value): Value {
  const [b, l] = shapeOf(offsets) as [Dim, Dim];
  const [tokens, c] = shapeOf(x) as [Dim, Dim];
  const places = cut(reshaped(offsets, [-1]), 0, 0, tokens);
  const base = expanded(scalarLike(x, 0), [D.mul(b, l), c]);
  const inputs = [base, reshaped(cast(places, 'int64'), [tokens, 1]), x];
  return reshaped(apply(ScatterND, { reduction: 'none' }, inputs), [b, l, c]);
}

/** The first `tokens` tokens of [B, L, C], in the order of `offsets`. */
function packedBy(x: Value, offsets: Value, tokens: Dim): Value {
  const [b, l, c] = shapeOf(x) as [Dim, Dim, Dim];
  const places = cut(reshaped(offsets, [-1]), 0, 0, tokens);
  return apply(Gather, { axis: 0 }, [reshaped(x, [D.mul(b, l), c]), places]);
}

export interface Packed {
  /** [tokens, H·D] each, or [tokens, H, 3, D] alone */
  readonly q: Value;
  readonly k: Input;
  readonly v: Input;
  readonly bias: Input;
  readonly offsets: Value;
  /** tokens before each sequence, and of all, [B + 1] */
  readonly lengths: Value;
  readonly scoreBias: Input;
}

/** Attention within each sequence, [tokens, H·E]. */
export function packedAttention(n: OnnxNode, p: Packed): Value {
  const heads = n.int('num_heads');
  const all = p.k && p.v ? [p.q, p.k, p.v] : unpacked(p.q);
  const sizes = all.map((x) => shapeOf(x)[1]!);
  let from: Dim = 0;
  const biased = all.map((x, i) => {
    const to = D.add(from, sizes[i]!);
    const part = p.bias && cut(p.bias, 0, from, to);
    from = to;
    return part ? plus(x, part) : x;
  });
  const [q, k, v] = biased.map((x) => toHeads(restored(x, p.offsets), heads)) as [
    Value,
    Value,
    Value,
  ];
  const [b, l] = shapeOf(p.offsets) as [Dim, Dim];
  const last = D.add(b, 1);
  const counts = minus(cut(p.lengths, 0, 1, last), cut(p.lengths, 0, 0, b));
  const seen = apply(Less, {}, [range(0, l), cast(reshaped(counts, [b, 1, 1, 1]), 'int64')]);
  const y = attend({
    q,
    k,
    v,
    scale: scaleOf(n.float('scale', 0), shapeOf(q)[3]!),
    mask: sumOf(maskWhere(seen, q, n.float('mask_filter_value', -10000)), biasOf(p.scoreBias, q)),
  });
  return packedBy(cast(fromHeads(y), dtypeOf(p.q)), p.offsets, shapeOf(p.q)[0]!);
}

/** [tokens, H, 3, D] as three [tokens, H·D]. */
function unpacked(qkv: Value): Value[] {
  const [tokens, h, , d] = shapeOf(qkv) as [Dim, Dim, Dim, Dim];
  const turned = transposed(qkv, 2, 0, 1, 3);
  return [0, 1, 2].map((i) => reshaped(cut(turned, 0, i, i + 1), [tokens, D.mul(h, d)]));
}
