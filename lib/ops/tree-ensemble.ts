/** TreeEnsemble (ONNX), and what all tree operators share: the joined scores of an ensemble. */
import { apply, constant, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { weightOf } from '../tensor/weight.js';
import { Equal } from './equal.js';
import { type Ensemble, forestOf } from './forest.js';
import { badAttribute, readTensors } from './forest-read.js';
import { cast, importOnly, over, plus, scalarLike } from './formula.js';
import { TRANSFORMS, choose, reshaped, rowsOf, transformed, transformedOne } from './ml-scores.js';
import { ReduceMax } from './reduce-max.js';
import { ReduceMin } from './reduce-min.js';
import { ReduceSum } from './reduce-sum.js';
import { Trees, type TreesAttrs } from './trees.js';

export const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Trees of a chunk: few enough that the chunks of a large ensemble occupy all threads. */
const CHUNK = 128;

const CHUNKS = { sum: ReduceSum, min: ReduceMin, max: ReduceMax, reached: ReduceMax } as const;

/** Joined weights [N, targets], in float32 unless the trees need float64. */
export function joined(x: Value, e: Ensemble, targets: number, join: TreesAttrs['join']): Value {
  const wanted = dtypeOf(x) === 'float64' ? 'float64' : 'float32';
  const { dtype, window, tables } = forestOf(e, wanted);
  // sums in float64 have no kernel, and need no parts
  const chunk = dtype === 'float64' ? Math.max(1, e.roots.length) : CHUNK;
  const constants = tables.map((t) => constant(weightOf(t)));
  const parts = apply(Trees, { join, targets, chunk, window }, [cast(x, dtype), ...constants]);
  if (e.roots.length <= chunk) return cast(reshaped(parts, [-1, targets]), wanted);
  return apply(CHUNKS[join], { axes: [0], keepdims: false }, [parts]);
}

/** True where each row reaches a weight for the target whatever it holds: some tree has it in all leaves. */
export function alwaysReached(e: Ensemble, target: number): boolean {
  return e.roots.some((root) => {
    const stack = [root];
    for (let at = stack.pop(); at !== undefined; at = stack.pop())
      if (at >= 0) stack.push(e.whenTrue[at]!, e.whenFalse[at]!);
      else if (!e.leaves[~at]!.some(([t]) => t === target)) return false;
    return true;
  });
}

/** Scores [N, targets] joined as `aggregate` says; 0 where no leaf says anything. */
export function aggregated(x: Value, e: Ensemble, targets: number, aggregate: Aggregate): Value {
  if (aggregate === 'SUM') return joined(x, e, targets, 'sum');
  if (aggregate === 'AVERAGE') return over(joined(x, e, targets, 'sum'), e.roots.length);
  const join = aggregate === 'MIN' ? 'min' : 'max';
  const scores = joined(x, e, targets, join);
  const always = Array.from({ length: targets }, (_, t) => t).every((t) => alwaysReached(e, t));
  if (always) return scores;
  const none = scalarLike(scores, join === 'min' ? Infinity : -Infinity);
  return choose(apply(Equal, {}, [scores, none]), scalarLike(scores, 0), scores);
}

/** Scores with the base values added: one for each target, or one for all. */
export function based(scores: Value, targets: number, base: ArrayLike<number>): Value {
  if (base.length === 0 || (base.length !== targets && base.length !== 1)) return scores;
  return plus(scores, literal(dtypeOf(scores), [base.length], base));
}

/** The number that attribute `name` holds as an index into `names`. */
function numbered<T>(n: OnnxNode, name: string, names: readonly T[], fallback: number): T {
  const at = n.int(name, fallback);
  return names[at] ?? badAttribute(n, name, `0 to ${names.length - 1}`, `${at}`);
}

/** Number of targets, at least 1. */
export function targetsOf(n: OnnxNode): number {
  const targets = n.int('n_targets', 1);
  return targets >= 1 && targets < 2 ** 24
    ? targets
    : badAttribute(n, 'n_targets', 'a number of targets', `${targets}`);
}

function build(n: OnnxNode): Value[] {
  const targets = targetsOf(n);
  const aggregate = numbered(n, 'aggregate_function', AGGREGATES, 1);
  const transform = numbered(n, 'post_transform', TRANSFORMS, 0);
  const scores = aggregated(rowsOf(n, true), readTensors(n, targets), targets, aggregate);
  const change = targets === 1 ? transformedOne : transformed;
  return [cast(change(scores, transform), dtypeOf(n.inputs[0]!))];
}

export const TreeEnsemble = importOnly('TreeEnsemble', [
  { type: 'TreeEnsemble', domain: 'ai.onnx.ml', since: 5, build },
]);
