/**
 * Attention (ONNX 23 and later): heads side by side or as an axis, grouped queries, caches, masks,
 * causal and sliding windows, soft capping. A row of queries that sees no key gives zeros.
 */
import { raise } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError, typeError } from '../ir/op.js';
import { type DType, dtypeOfOnnx } from '../tensor/dtype.js';
import { And } from './and.js';
import { Attention } from './attention.js';
import { Concat } from './concat.js';
import { Greater } from './greater.js';
import { pinned } from './facts.js';
import { cast, importOnly, minus, over, plus, scalarLike, times } from './formula.js';
import { mergeHeads, regrouped, sizeAt, splitHeads } from './heads.js';
import { LessOrEqual } from './less-or-equal.js';
import { MatMul } from './mat-mul.js';
import { Pad } from './pad.js';
import { Range } from './range.js';
import { ReduceMax } from './reduce-max.js';
import { Reshape } from './reshape.js';
import { int64s } from './sizes.js';
import { Softmax } from './softmax.js';
import { Tanh } from './tanh.js';
import { Transpose } from './transpose.js';
import { Unsqueeze } from './unsqueeze.js';
import { Where } from './where.js';

/** What a row of scores may see: `allowed` (bool) and `added` (to the scores) broadcast to them. */
interface Mask {
  readonly allowed: Value | null;
  readonly added: Value | null;
}

const both = (a: Value | null, b: Value): Value => (a ? apply(And, {}, [a, b]) : b);

/** 0, 1, 2 … along `axis` of two. */
function counted(size: Value, axis: 0 | 1): Value {
  const [zero, one] = [0, 1].map((x) => literal('int64', [], [x]));
  const limit = regrouped(size, []);
  const range = apply(Range, {}, [zero!, limit, one!]);
  return apply(Unsqueeze, { axes: [1 - axis] }, [range]);
}

/** A mask that is shorter than the keys hides the rest of them. */
function lengthened(mask: Value, keys: Value): Value {
  const rank = shapeOf(mask).length;
  const [has, wants] = [shapeOf(mask)[rank - 1], shapeOf(keys)[2]];
  if (has === wants) return mask;
  const missing = minus(sizeAt(keys, 2), sizeAt(mask, rank - 1));
  const pads = apply(Concat, { axis: 0 }, [
    int64s(new Array<number>(2 * rank - 1).fill(0)),
    missing,
  ]);
  const hidden = scalarLike(mask, dtypeOf(mask) === 'bool' ? 0 : -Infinity);
  const axes = Array.from({ length: rank }, (_, i) => i);
  return apply(Pad, { mode: 'constant', axes }, [mask, pads, hidden]);
}

interface Operands {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  /** keys that precede the block of queries: int64, broadcasts to the scores; null: none */
  readonly offset: Value | null;
  readonly nonpad: Value | null;
}

function maskOf(n: OnnxNode, { q, k, offset, nonpad }: Operands): Mask {
  const given = n.inputs[3] ? lengthened(n.inputs[3], k) : null;
  const isBool = given !== null && dtypeOf(given) === 'bool';
  let allowed = isBool ? given : null;
  const column = counted(sizeAt(k, 2), 1);
  const [left, right] = [n.int('left_window_size', -1), n.int('right_window_size', -1)];
  const causal = n.int('is_causal', 0) !== 0;
  if (causal || left >= 0 || right >= 0) {
    const rows = counted(sizeAt(q, 2), 0);
    const place = offset ? plus(rows, offset) : rows;
    if (causal) allowed = both(allowed, apply(LessOrEqual, {}, [column, place]));
    if (left >= 0) allowed = both(allowed, apply(LessOrEqual, {}, [minus(place, left), column]));
    if (right >= 0) allowed = both(allowed, apply(LessOrEqual, {}, [column, plus(place, right)]));
  }
  if (nonpad) allowed = both(allowed, apply(Greater, {}, [nonpad, column]));
  return { allowed, added: isBool ? null : given };
}

/** One tensor to be added to the scores, or null. */
function biasOf({ allowed, added }: Mask, dtype: DType): Value | null {
  if (!allowed) return added;
  const [zero, hidden] = [0, -Infinity].map((x) => literal(dtype, [], [x]));
  return apply(Where, {}, [allowed, added ?? zero!, hidden!]);
}

/** y with zeros in rows whose scores are all hidden. */
function guarded(y: Value, bias: Value | null): Value {
  if (!bias) return y;
  const most = apply(ReduceMax, { axes: [shapeOf(bias).length - 1], keepdims: true }, [bias]);
  const seen = apply(Greater, {}, [most, scalarLike(bias, -Infinity)]);
  return apply(Where, {}, [seen, y, scalarLike(y, 0)]);
}

/** a[B, H, L, X] × b[B, K, X, Y] → [B, H, L, Y]: H/K neighbouring heads of a share one of b. */
function grouped(a: Value, b: Value): Value {
  const [heads, shared] = [shapeOf(a)[1]!, shapeOf(b)[1]!];
  if (heads === shared) return apply(MatMul, { stages: [] }, [a, b]);
  const rows = (v: Value, first: Value): Value =>
    apply(Reshape, { allowzero: true }, [
      v,
      apply(Concat, { axis: 0 }, [sizeAt(v, 0), first, int64s([-1]), sizeAt(v, 3)]),
    ]);
  return rows(apply(MatMul, { stages: [] }, [rows(a, sizeAt(b, 1)), b]), sizeAt(a, 1));
}

/** The softmax of scores with the bias, in the precision asked for; hidden rows are zeros. */
function weightsOf(n: OnnxNode, scores: Value, bias: Value | null): Value {
  const dtype = dtypeOf(scores);
  const precision = dtypeOfOnnx(n.int('softmax_precision', 0)) ?? dtype;
  const soft = apply(Softmax, { axis: 3 }, [cast(scores, precision)]);
  return guarded(cast(soft, dtype), bias);
}

/** The attention step by step: [y, what output 3 shows]. */
function inSteps(n: OnnxNode, { q, k, v }: Operands, scale: number, bias: Value | null): Value[] {
  const cap = n.float('softcap', 0);
  const mode = n.int('qk_matmul_output_mode', 0);
  const part = Math.sqrt(scale);
  const turned = apply(Transpose, { perm: [0, 1, 3, 2] }, [k]);
  const raw = grouped(times(q, part), times(turned, part));
  const capped = cap > 0 ? times(apply(Tanh, {}, [over(raw, cap)]), cap) : raw;
  const biased = bias ? plus(capped, bias) : capped;
  const weights = weightsOf(n, biased, bias);
  const shown = [raw, capped, biased, weights][mode];
  if (!shown)
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'qk_matmul_output_mode',
      expected: '0 to 3',
      got: mode,
    });
  return [grouped(cast(weights, dtypeOf(v)), v), shown];
}

function operandsOf(n: OnnxNode): Operands {
  const [q3, k3, v3, , pastKey, pastValue, length] = n.inputs;
  if (!q3 || !k3 || !v3) typeError('an input is missing');
  const [queries, shared] = [n.int('q_num_heads', 0), n.int('kv_num_heads', 0)];
  if (shapeOf(q3).length === 3 && (queries < 1 || shared < 1))
    shapeError('q_num_heads and kv_num_heads are missing');
  const joined = (past: Value | null | undefined, now: Value): Value =>
    past ? apply(Concat, { axis: 2 }, [past, now]) : now;
  const q = splitHeads(q3, queries);
  const nonpad = length ? regrouped(length, [-1, 1, 1, 1]) : null;
  return {
    q,
    k: joined(pastKey, splitHeads(k3, shared)),
    v: joined(pastValue, splitHeads(v3, shared)),
    offset: pastKey ? sizeAt(pastKey, 2) : nonpad && minus(nonpad, sizeAt(q, 2)),
    nonpad,
  };
}

/** Causal alone, with as many new keys as queries: what the operator does by itself. */
function isPlainCausal(n: OnnxNode, { q, nonpad }: Operands): boolean {
  const windowed = n.int('left_window_size', -1) >= 0 || n.int('right_window_size', -1) >= 0;
  const fresh = shapeOf(n.inputs[1]!).at(-2);
  return (
    n.int('is_causal', 0) !== 0 && !windowed && !n.inputs[3] && !nonpad && fresh === shapeOf(q)[2]
  );
}

function build(n: OnnxNode): Value[] {
  const operands = operandsOf(n);
  const { q, k, v } = operands;
  const head = shapeOf(q)[3]!;
  const scale = n.float('scale', 1 / Math.sqrt(pinned(head)));
  const stepwise = n.outputCount > 3 || n.float('softcap', 0) > 0;
  const causal = !stepwise && isPlainCausal(n, operands);
  const bias = causal ? null : biasOf(maskOf(n, operands), dtypeOf(q));
  const same = dtypeOf(q) === dtypeOf(v);
  const [y, shown] =
    stepwise || !same
      ? inSteps(n, operands, scale, bias)
      : [guarded(apply(Attention, { scale, causal }, [q, k, v, bias]), bias)];
  const flat = shapeOf(n.inputs[0]!).length === 3;
  return [flat ? mergeHeads(y!) : y!, k, v, ...(shown ? [shown] : [])];
}

export const AttentionOnnx = importOnly('AttentionOnnx', [{ type: 'Attention', since: 23, build }]);
