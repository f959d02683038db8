/**
 * Attention of com.microsoft: queries, keys and values are one product of the input with merged weights.
 * Past and present are keys and values together, [2, B, H, L, D]. DecoderMaskedSelfAttention is the same
 * of one query; PackedAttention has sequences without padding.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { cut, joined, parted, unsqueezed } from './arrange.js';
import { biasOf, maskOf } from './attention-masks.js';
import { attend, fromHeads, maskWhere, range, scaleOf, sumOf, toHeads } from './attend.js';
import { pinned } from './facts.js';
import { cast, importOnly, plus } from './formula.js';
import { replaced } from './kv-cache.js';
import { LessOrEqual } from './less-or-equal.js';
import { MatMul } from './mat-mul.js';
import { packedAttention } from './packed-tokens.js';
import { reshaped } from './reshape.js';
import { rotated, rotationAt } from './rotary.js';

type Input = Value | null | undefined;

/** The columns of q, k and v among those of the product. */
function widths(n: OnnxNode, all: Dim): readonly Dim[] {
  const given = n.ints('qkv_hidden_sizes', []);
  return given.length === 3 ? given : new Array<Dim>(3).fill(D.floorDiv(all, 3));
}

interface Cache {
  readonly past: Input;
  /** int32: rows of a buffer of fixed length that count */
  readonly start: Input;
}

/** Outputs y and keys with values, of the product's columns `qkv` [B, L, …]. */
export function selfAttention(
  n: OnnxNode,
  qkv: Value,
  mask: Input,
  scoreBias: Input,
  { past, start }: Cache,
  causal: boolean,
): Value[] {
  const heads = n.int('num_heads');
  const columns = shapeOf(qkv).at(-1)!;
  let [q, k, v] = parted(qkv, 2, widths(n, columns)).map((x) => toHeads(x, heads)) as [
    Value,
    Value,
    Value,
  ];
  const [batch, , rows, size] = shapeOf(q) as [Dim, Dim, Dim, Dim];
  const begin = past && !start ? shapeOf(past)[3]! : 0;
  if (n.int('do_rotary', 0) !== 0) {
    const turned = n.int('rotary_embedding_dim', 0) || pinned(size);
    const rotation = rotationAt(range(begin, D.add(begin, rows)), turned, q);
    [q, k] = [rotated(q, rotation, false), rotated(k, rotation, false)];
  }
  const from = start && past ? cast(reshaped(start, [-1]), 'int64') : null;
  let present: Value | null = null;
  if (past) {
    // keys and values are the first axis: an append along the sequence is one Concat
    present = from
      ? joined(0, ...[k, v].map((x, i) => unsqueezed(replaced(slot(past, i), x, from), 0)))
      : joined(3, past, joined(0, unsqueezed(k, 0), unsqueezed(v, 0)));
    [k, v] = [slot(present, 0), slot(present, 1)];
  } else if (n.outputCount > 1) present = joined(0, unsqueezed(k, 0), unsqueezed(v, 0));
  const keys = shapeOf(k)[2]!;
  const given = mask ? maskOf(n, mask, q, { batch, rows, keys, past: D.sub(keys, rows) }) : null;
  const last = from && plus(from, reshaped(range(0, rows), [-1, 1]));
  const held = last && maskWhere(apply(LessOrEqual, {}, [range(0, keys), last]), q, -Infinity);
  const y = attend({
    q,
    k,
    v,
    scale: scaleOf(n.float('scale', 0), size),
    mask: sumOf(sumOf(given, biasOf(scoreBias, q)), held),
    causal: causal && !held,
  });
  return present ? [fromHeads(y), present] : [fromHeads(y)];
}

/** Keys (0) or values (1) of [2, B, H, L, D]. */
const slot = (both: Value, i: number): Value =>
  reshaped(cut(both, 0, i, i + 1), shapeOf(both).slice(1));

/** input · weights + bias */
function projected([x, weights, bias]: readonly Input[]): Value {
  const y = apply(MatMul, { stages: [] }, [x!, weights!]);
  return bias ? plus(y, bias) : y;
}

const domain = 'com.microsoft';

export const SelfAttention = importOnly('SelfAttention', [
  {
    type: 'Attention',
    since: 1,
    domain,
    build(n) {
      const [, , , mask, past, scoreBias, length] = n.inputs;
      const start = n.int('past_present_share_buffer', 0) !== 0 ? length : null;
      const causal = n.int('unidirectional', 0) !== 0;
      return selfAttention(n, projected(n.inputs), mask, scoreBias, { past, start }, causal);
    },
  },
  {
    type: 'DecoderMaskedSelfAttention',
    since: 1,
    domain,
    build(n) {
      const [, , , mask, past, scoreBias] = n.inputs;
      // onnxruntime keeps the keys of a shared buffer in an order of its own
      if (n.int('past_present_share_buffer', 0) !== 0)
        raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') with a shared buffer` });
      return selfAttention(n, projected(n.inputs), mask, scoreBias, { past, start: null }, false);
    },
  },
  {
    type: 'PackedAttention',
    since: 1,
    domain,
    build(n) {
      const [, , , offsets, lengths, scoreBias] = n.inputs;
      const qkv = projected(n.inputs);
      const [q, k, v] = parted(qkv, 1, widths(n, shapeOf(qkv)[1]!));
      const rest = { bias: null, offsets: offsets!, lengths: lengths!, scoreBias };
      return [packedAttention(n, { q: q!, k, v, ...rest })];
    },
  },
]);
