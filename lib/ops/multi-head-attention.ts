/**
 * MultiHeadAttention, DecoderMaskedMultiHeadAttention and PackedMultiHeadAttention of com.microsoft:
 * attention over projected queries, keys and values in all their layouts.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { cut, transposed } from './arrange.js';
import { biasOf, maskOf, widened } from './attention-masks.js';
import {
  type Attend,
  attend,
  fromHeads,
  maskWhere,
  range,
  scaleOf,
  scoresOf,
  sumOf,
  toHeads,
  weighted,
  weightsOf,
} from './attend.js';
import { cast, importOnly, plus } from './formula.js';
import { appended, replaced } from './kv-cache.js';
import { LessOrEqual } from './less-or-equal.js';
import { packedAttention } from './packed-tokens.js';
import { reshaped } from './reshape.js';

type Input = Value | null | undefined;

/** Queries, keys and values as heads, [B, H, L, D]. */
export interface Heads {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** Part i of axis 3 of [B, L, H, parts, D], as [B, H, L, D]. */
function packed(v: Value, i: number): Value {
  const [b, l, h, , d] = shapeOf(v) as [D.Dim, D.Dim, D.Dim, D.Dim, D.Dim];
  return transposed(reshaped(cut(v, 3, i, i + 1), [b, l, h, d]), 0, 2, 1, 3);
}

/** [H·D + H·D + H·E] in three; keys or values that have it already take no bias. */
function parts(bias: Value, q: D.Dim): [Value, Value, Value] {
  const end = shapeOf(bias)[0]!;
  const two = D.mul(2, q);
  return [cut(bias, 0, 0, q), cut(bias, 0, q, two), cut(bias, 0, two, end)];
}

/**
 * q alone is [B, L, H, 3, D]; q with k is [B, L, H·D] with [B, L, H, 2, D]; or there are all three, keys
 * and values maybe as [B, H, L, D].
 */
export function headsOf(heads: number, q: Value, k: Input, v: Input, bias: Input): Heads {
  const withBias = (x: Value, b: Value | undefined): Value =>
    b ? plus(x, reshaped(b, [heads, 1, -1])) : x;
  const hidden = k ? shapeOf(q)[2]! : D.mul(shapeOf(q)[2]!, shapeOf(q)[4]!);
  const [bq, bk, bv] = bias ? parts(bias, hidden) : [];
  if (!k)
    return {
      q: withBias(packed(q, 0), bq),
      k: withBias(packed(q, 1), bk),
      v: withBias(packed(q, 2), bv),
    };
  const queries = withBias(toHeads(q, heads), bq);
  if (!v) return { q: queries, k: withBias(packed(k, 0), bk), v: withBias(packed(k, 1), bv) };
  if (shapeOf(k).length === 4) return { q: queries, k, v };
  return { q: queries, k: withBias(toHeads(k, heads), bk), v: withBias(toHeads(v, heads), bv) };
}

interface Cached {
  readonly bias: Input;
  readonly mask: Input;
  readonly scoreBias: Input;
  readonly pastKey: Input;
  readonly pastValue: Input;
  /** rows of the past that count, where it is a buffer of fixed length */
  readonly start: Input;
  readonly causal: boolean;
}

/** Outputs y [B, L, H·E], keys and values, scores. */
function attention(n: OnnxNode, c: Cached): Value[] {
  const heads = n.int('num_heads');
  const { q, k: k0, v: v0 } = headsOf(heads, n.inputs[0]!, n.inputs[1], n.inputs[2], c.bias);
  const start = c.start && cast(reshaped(c.start, [-1]), 'int64');
  const merge = (past: Input, fresh: Value): Value =>
    start && past ? replaced(past, fresh, start) : appended(past, fresh);
  const [k, v] = [merge(c.pastKey, k0), merge(c.pastValue, v0)];
  const [batch, , rows, size] = shapeOf(q) as [D.Dim, D.Dim, D.Dim, D.Dim];
  const keys = shapeOf(k)[2]!;
  const sizes = { batch, rows, keys, past: D.sub(keys, shapeOf(k0)[2]!) };
  const ofKeys = (v: Value): Value => (start ? widened(v, keys) : v);
  const byKeys = c.mask && shapeOf(c.mask).length > 1 ? ofKeys(c.mask) : c.mask;
  const given = byKeys ? maskOf(n, byKeys, q, sizes) : null;
  const bias = biasOf(c.scoreBias, q);
  const held = start ? filled(start, sizes, q, c.causal, shapeOf(k0)[2]!) : null;
  const all: Attend = {
    q,
    k,
    v,
    scale: scaleOf(n.float('scale', 0), size),
    mask: sumOf(sumOf(given, bias && ofKeys(bias)), held),
    causal: c.causal && !start,
  };
  if (n.outputCount < 4) return [fromHeads(attend(all)), k, v];
  const scores = scoresOf(all);
  return [fromHeads(weighted(weightsOf(scores, null), v)), k, v, scores];
}

/** Which rows of a buffer a query sees: those up to the new ones, or up to its own. */
function filled(
  start: Value,
  { rows, keys }: { rows: D.Dim; keys: D.Dim },
  like: Value,
  causal: boolean,
  fresh: D.Dim,
): Value {
  const row = causal
    ? reshaped(range(0, rows), [1, 1, -1, 1])
    : reshaped(range(D.sub(fresh, 1), fresh), [1, 1, 1, 1]);
  const last = plus(reshaped(start, [-1, 1, 1, 1]), row);
  return maskWhere(apply(LessOrEqual, {}, [range(0, keys), last]), like, -Infinity);
}

function multiHead(n: OnnxNode): Value[] {
  const [, , , bias, mask, scoreBias, pastKey, pastValue, start, indirection] = n.inputs;
  noBeams(n, indirection);
  const causal = n.int('unidirectional', 0) !== 0;
  return attention(n, { bias, mask, scoreBias, pastKey, pastValue, start, causal });
}

function decoder(n: OnnxNode): Value[] {
  const [, , , mask, scoreBias, pastKey, pastValue, length, , indirection, bias] = n.inputs;
  noBeams(n, indirection);
  const start = n.int('past_present_share_buffer', 0) !== 0 ? length : null;
  return attention(n, { bias, mask, scoreBias, pastKey, pastValue, start, causal: false });
}

/** HAIO_E_UNSUPPORTED where rows of the cache are chosen anew for each beam. */
function noBeams(n: OnnxNode, indirection: Input): void {
  if (indirection)
    raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') with cache_indirection` });
}

const domain = 'com.microsoft';

export const MultiHeadAttention = importOnly('MultiHeadAttention', [
  { type: 'MultiHeadAttention', since: 1, domain, build: multiHead },
  { type: 'DecoderMaskedMultiHeadAttention', since: 1, domain, build: decoder },
  {
    type: 'PackedMultiHeadAttention',
    since: 1,
    domain,
    build(n) {
      const [q, k, v, bias, offsets, lengths, scoreBias] = n.inputs as [Value, ...Input[]];
      return [
        packedAttention(n, { q, k, v, bias, offsets: offsets!, lengths: lengths!, scoreBias }),
      ];
    },
  },
]);
