/**
 * GroupQueryAttention (com.microsoft): causal attention whose queries share fewer heads of keys and
 * values, with their cache, rotary embedding, a local window, soft caps and sinks.
 *
 * The cache is [B, K, L, D]. A past of symbolic length (or one that with the new rows makes the total)
 * holds what it says, and present is past with the new rows behind it. A past of fixed length is a
 * buffer: new rows stand from seqlens_k[b] + 1 − S on. So they do in a batch of several sequences,
 * whose lengths may differ; what no token owns there is unspecified.
 */
import { raise } from '../errors.js';
import { apply, applyAll } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { And } from './and.js';
import { cut, expanded, joined, parted } from './arrange.js';
import { biasOf, widened } from './attention-masks.js';
import {
  attend,
  fromHeads,
  maskWhere,
  noSink,
  range,
  scaleOf,
  scoresOf,
  sumOf,
  toHeads,
  weighted,
  weightsOf,
} from './attend.js';
import { Equal } from './equal.js';
import { pinned } from './facts.js';
import { cast, importOnly, minus, plus, scalarLike } from './formula.js';
import { Gather } from './gather.js';
import { Greater } from './greater.js';
import { appended, replaced } from './kv-cache.js';
import { LessOrEqual } from './less-or-equal.js';
import { reshaped } from './reshape.js';
import { RmsNorm } from './rms-norm.js';
import { type Rotation, rotated } from './rotary.js';
import { int64s } from './sizes.js';
import { Where } from './where.js';

type Input = Value | null | undefined;

/** Heads of queries, keys and values, [B, H, L, D]; a query of rank 3 alone has all three. */
function headsOf(n: OnnxNode): [Value, Value, Value] {
  const [q, k, v] = n.inputs as [Value, Input, Input];
  const [heads, shared] = [n.int('num_heads'), n.int('kv_num_heads')];
  if (k && v) return [toHeads(q, heads), toHeads(k, shared), toHeads(v, shared)];
  const all = toHeads(q, heads + 2 * shared);
  return parted(all, 1, [heads, shared, shared]) as [Value, Value, Value];
}

/** Where the new rows stand. */
export interface Place {
  /** keys before the new ones in the concatenated cache, or null where only the run knows */
  readonly past: Dim | null;
  /** int64 [B]: keys before the new ones of each sequence */
  readonly starts: Value;
}

function placeOf(n: OnnxNode, batch: Dim, rows: Dim): Place {
  const [, , , past, , lengths, total] = n.inputs;
  const before = past ? shapeOf(past)[2]! : 0;
  const all = total?.fact.value?.[0];
  const growing = typeof before !== 'number' || before === 0 || all === D.add(before, rows);
  if (growing && pinned(batch) === 1) return { past: before, starts: int64s([before]) };
  // the first prompt starts at 0, whatever padding stands behind its sequences
  const size = reshaped(int64s([rows]), []);
  const ends = cast(lengths!, 'int64');
  const first = apply(Equal, {}, [cast(reshaped(total!, []), 'int64'), size]);
  const later = plus(minus(ends, size), 1);
  return { past: null, starts: apply(Where, {}, [first, scalarLike(later, 0), later]) };
}

/** The cache with the new rows, and what is given back of it. */
function cached(n: OnnxNode, past: Input, fresh: Value, place: Place): Value {
  if (place.past !== null) return appended(past, fresh);
  if (!past) return fresh;
  const before = shapeOf(past)[2]!;
  const [b, k, rows, d] = shapeOf(fresh) as [Dim, Dim, Dim, Dim];
  const known = n.inputs[6]?.fact.value?.[0];
  const buffer = typeof before === 'number' && before > 0;
  // a buffer has room for the total already; else it grows to it
  const total = known ?? (buffer ? before : D.add(before, rows));
  const more = D.max(0, D.sub(total, before));
  const room = expanded(scalarLike(past, 0), [b, k, more, d]);
  return replaced(more === 0 ? past : joined(2, past, room), fresh, place.starts);
}

/** Rows of the tables for the new positions, [B or 1, 1, L, R / 2]. */
function rotationOf(n: OnnxNode, place: Place, rows: Dim): Rotation {
  const [, , , , , , , cos, sin, given] = n.inputs;
  const table = (t: Value): Value => {
    if (!given && place.past !== null) {
      const part = cut(t, 0, place.past, D.add(place.past, rows));
      return reshaped(part, [1, 1, ...shapeOf(part)]);
    }
    const positions = given ?? plus(reshaped(place.starts, [-1, 1]), range(0, rows));
    const part = apply(Gather, { axis: 0 }, [t, positions]);
    return reshaped(part, [shapeOf(part)[0]!, 1, ...shapeOf(part).slice(1)]);
  };
  return { cos: table(cos!), sin: table(sin!) };
}

/** Keys that a row must not see, where the kernel's own causal order does not say it all; else null. */
function visible(n: OnnxNode, q: Value, keys: Dim, place: Place): Value | null {
  const window = n.int('local_window_size', -1);
  const causal = n.int('causal', 1) !== 0;
  const rows = shapeOf(q)[2]!;
  if (place.past !== null && window <= 0) return null;
  const start = reshaped(place.starts, [-1, 1, 1, 1]);
  const index = causal
    ? reshaped(range(0, rows), [1, 1, -1, 1])
    : reshaped(int64s([D.sub(rows, 1)]), [1, 1, 1, 1]);
  const last = plus(start, index);
  const columns = range(0, keys);
  const before = apply(LessOrEqual, {}, [columns, last]);
  const seen =
    window > 0
      ? apply(And, {}, [before, apply(Greater, {}, [columns, minus(last, window)])])
      : before;
  return maskWhere(seen, q, -Infinity);
}

/** The scores' sink: one for each head, or zeros of a smooth softmax. */
const sinkOf = (n: OnnxNode, q: Value, sink: Input): Value | null =>
  sink ? cast(sink, dtypeOf(q)) : n.int('smooth_softmax', 0) === 1 ? noSink(q) : null;

const normalised = (x: Value, weight: Value, epsilon: number): Value =>
  applyAll(RmsNorm, { axis: 3, epsilon, sum: false }, [x, weight, null, null])[0]!;

/** More keys that rows must not see: numbers to add to scores [B, H, Lq, keys], the rows' places given. */
type Hidden = (q: Value, keys: Dim, place: Place) => Value;

export function groupQueryAttention(n: OnnxNode, hide?: Hidden): Value[] {
  const [, , , pastKey, pastValue, , , , , , scoreBias, sink] = n.inputs;
  unquantised(n);
  let [q, k, v] = headsOf(n);
  const [batch, , rows, size] = shapeOf(q) as [Dim, Dim, Dim, Dim];
  const [queryNorm, keyNorm] = [n.inputs[14], n.inputs[15]];
  if (queryNorm && keyNorm) {
    const epsilon = n.float('qk_norm_epsilon', 1e-6);
    [q, k] = [normalised(q, queryNorm, epsilon), normalised(k, keyNorm, epsilon)];
  }
  const place = placeOf(n, batch, rows);
  if (n.int('do_rotary', 0) !== 0) {
    const rotation = rotationOf(n, place, rows);
    const interleaved = n.int('rotary_interleaved', 0) !== 0;
    [q, k] = [rotated(q, rotation, interleaved), rotated(k, rotation, interleaved)];
  }
  [k, v] = [cached(n, pastKey, k, place), cached(n, pastValue, v, place)];
  const keys = shapeOf(k)[2]!;
  const hidden = visible(n, q, keys, place);
  const bias = biasOf(scoreBias, q);
  const more = hide ? hide(q, keys, place) : null;
  const all = {
    q,
    k,
    v,
    scale: scaleOf(n.float('scale', 0), size),
    mask: sumOf(sumOf(bias && place.past === null ? widened(bias, keys) : bias, hidden), more),
    causal: !hidden && n.int('causal', 1) !== 0,
    softcap: n.float('softcap', 0),
    sink: sinkOf(n, q, sink),
  };
  if (n.outputCount < 4) return [fromHeads(attend(all)), k, v];
  const scores = scoresOf(all);
  const weights = weightsOf(scores, all.sink);
  const asked = n.int('qk_output', 0) === 2 ? weights : scores;
  return [fromHeads(weighted(weights, v)), k, v, asked];
}

/** HAIO_E_UNSUPPORTED for caches of quantised numbers or of a sliding window. */
function unquantised(n: OnnxNode): void {
  const kinds = [n.string('k_quant_type', 'NONE'), n.string('v_quant_type', 'NONE')];
  if (kinds.some((kind) => kind !== 'NONE') || n.inputs[12] || n.inputs[13])
    raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') with a quantised cache` });
  if (n.int('sliding_window_cache', 0) !== 0)
    raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') with a sliding window cache` });
}

export const GroupQueryAttention = importOnly('GroupQueryAttention', [
  {
    type: 'GroupQueryAttention',
    since: 1,
    domain: 'com.microsoft',
    build: (n) => groupQueryAttention(n),
  },
]);
