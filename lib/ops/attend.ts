/** Attention as onnxruntime's operators compose it: heads, masks, soft caps and sinks around one kernel. */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { cut, expanded, joined, mergeLast, splitLast, transposed } from './arrange.js';
import { Attention } from './attention.js';
import { pinned } from './facts.js';
import { over, plus, scalarLike, times } from './formula.js';
import { LessOrEqual } from './less-or-equal.js';
import { MatMul } from './mat-mul.js';
import { Range } from './range.js';
import { reshaped } from './reshape.js';
import { int64s } from './sizes.js';
import { Softmax } from './softmax.js';
import { Tanh } from './tanh.js';
import { Where } from './where.js';

/** [B, L, H·D] → [B, H, L, D] */
export const toHeads = (v: Value, heads: number): Value =>
  transposed(splitLast(v, heads), 0, 2, 1, 3);
/** [B, H, L, D] → [B, L, H·D] */
export const fromHeads = (v: Value): Value => mergeLast(transposed(v, 0, 2, 1, 3));

const scalar = (d: Dim): Value => reshaped(int64s([d]), []);
/** from, from + 1, … to − 1 as int64. */
export const range = (from: Dim, to: Dim): Value =>
  apply(Range, {}, [scalar(from), scalar(to), literal('int64', [], [1])]);

/** 0 where the condition holds, else `low`, in the type of `like`. */
export const maskWhere = (condition: Value, like: Value, low: number): Value =>
  apply(Where, {}, [condition, scalarLike(like, 0), scalarLike(like, low)]);

export const sumOf = (a: Value | null, b: Value | null): Value | null =>
  a && b ? plus(a, b) : (a ?? b);

export interface Scores {
  /** [B, H, Lq, D] */
  readonly q: Value;
  /** [B, K, Lk, D] with H a multiple of K */
  readonly k: Value;
  readonly scale: number;
  /** added to the scores; broadcasts to [B, H, Lq, Lk] */
  readonly mask?: Value | null;
  /** row i sees keys j ≤ i + Lk − Lq only */
  readonly causal?: boolean;
  /** where it is not 0, scores become cap · tanh(score / cap) before the mask is added */
  readonly softcap?: number;
}
export interface Attend extends Scores {
  /** [B, K, Lk, E] */
  readonly v: Value;
  /** [H]: a further score of each row, whose weight goes nowhere */
  readonly sink?: Value | null;
}

/** What softmax is taken of, [B, H, Lq, Lk]. */
export function scoresOf({ q, k, scale, mask, causal, softcap = 0 }: Scores): Value {
  const [heads, shared] = [shapeOf(q)[1]!, shapeOf(k)[1]!];
  const turned = transposed(k, 0, 1, 3, 2);
  let s = multiplied(q, turned, heads, shared);
  if (scale !== 1) s = times(s, scale);
  if (softcap !== 0) s = times(apply(Tanh, {}, [over(s, softcap)]), softcap);
  const hidden = causal ? causalMask(q, k) : null;
  return sumOf(s, sumOf(mask ?? null, hidden))!;
}

/** −∞ at keys that a row must not see, [Lq, Lk]. */
export function causalMask(q: Value, k: Value): Value {
  const [lq, lk] = [shapeOf(q)[2]!, shapeOf(k)[2]!];
  const last = reshaped(range(D.sub(lk, lq), lk), [-1, 1]);
  return maskWhere(apply(LessOrEqual, {}, [range(0, lk), last]), q, -Infinity);
}

/** a · b over heads, of which b may have fewer: [B, H, M, K] · [B, K′, K, N]. */
function multiplied(a: Value, b: Value, heads: Dim, shared: Dim): Value {
  const product = (x: Value, y: Value): Value => apply(MatMul, { stages: [] }, [x, y]);
  if (heads === shared) return product(a, b);
  const [batch, , m, k] = shapeOf(a) as [Dim, Dim, Dim, Dim];
  const [, , k2, n] = shapeOf(b) as [Dim, Dim, Dim, Dim];
  const grouped = reshaped(a, [batch, shared, D.floorDiv(heads, shared), m, k]);
  const y = product(grouped, reshaped(b, [batch, shared, 1, k2, n]));
  return reshaped(y, [batch, heads, m, n]);
}

/** The attention's weights: softmax of the scores, and of the sink beside them. */
export function weightsOf(scores: Value, sink: Value | null | undefined): Value {
  if (!sink) return apply(Softmax, { axis: 3 }, [scores]);
  const [b, h, lq, lk] = shapeOf(scores) as [Dim, Dim, Dim, Dim];
  const column = expanded(reshaped(sink, [1, h, 1, 1]), [b, h, lq, 1]);
  return cut(apply(Softmax, { axis: 3 }, [joined(3, scores, column)]), 3, 0, lk);
}

/** weights · v, [B, H, Lq, E]. */
export const weighted = (weights: Value, v: Value): Value =>
  multiplied(weights, v, shapeOf(weights)[1]!, shapeOf(v)[1]!);

/** softmax(scores) · v, [B, H, Lq, E]. */
export function attend(a: Attend): Value {
  const { q, k, v, scale, mask = null, causal = false, softcap = 0, sink } = a;
  if (softcap === 0 && !sink) return apply(Attention, { scale, causal }, [q, k, v, mask]);
  return weighted(weightsOf(scoresOf(a), sink), v);
}

/** 1 / √D of q [B, H, Lq, D], unless the attribute says otherwise. */
export const scaleOf = (given: number, size: Dim): number =>
  given !== 0 ? given : 1 / Math.sqrt(pinned(size));

/** A vector of zeros of q's type, one for each head: the sink of a smooth softmax. */
export const noSink = (q: Value): Value => expanded(scalarLike(q, 0), [shapeOf(q)[1]!]);
