/**
 * TreeEnsembleClassifier (ONNX). With more than two classes the label is the best of those that some leaf
 * has a weight for. Two classes may have one score: its sign tells them, or 1/2 where no weight is
 * negative.
 */
import type { Ensemble } from './forest.js';
import { literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { numbersOfEither, readLists } from './forest-read.js';
import { cast, importOnly, plus, scalarLike, times } from './formula.js';
import {
  type Labels,
  type Transform,
  best,
  choose,
  column,
  isGreater,
  labelled,
  labelledBy,
  labelsOf,
  negated,
  columns,
  rowsOf,
  transformOf,
  transformed,
  transformedOne,
  twoScores,
} from './ml-scores.js';
import { alwaysReached, joined } from './tree-ensemble.js';

interface Classifier {
  readonly x: Value;
  readonly e: Ensemble;
  readonly labels: Labels;
  readonly base: ArrayLike<number>;
  readonly transform: Transform;
}

/** The label is the second one, and the scores of both. */
interface Decision {
  readonly yes: Value;
  readonly scores: Value;
}

const neverReached = (e: Ensemble, target: number): boolean =>
  !e.leaves.some((list) => list.some(([t]) => t === target));

/** Labels and scores of three classes or more. */
function ofMany({ x, e, labels, base, transform }: Classifier): Value[] {
  const sums = joined(x, e, labels.count, 'sum');
  const padded = Array.from({ length: labels.count }, (_, i) => base[i] ?? 0);
  const scores =
    base.length === 0 ? sums : plus(sums, literal(dtypeOf(sums), [labels.count], padded));
  const counts = padded.map((_, t) => t < base.length || alwaysReached(e, t));
  let contest = scores;
  if (!counts.every(Boolean)) {
    const reached = joined(x, e, labels.count, 'reached');
    const given = literal(dtypeOf(sums), [labels.count], counts.map(Number));
    contest = choose(isGreater(plus(reached, given), 0), scores, scalarLike(scores, -Infinity));
  }
  return [labelled(labels, best(contest)), transformed(scores, transform)];
}

/** Labels and scores of two classes. */
function ofTwo({ x, e, labels, base, transform }: Classifier): Value[] {
  const sums = joined(x, e, 2, 'sum');
  const ids = new Set(e.leaves.flatMap((list) => list.map(([t]) => t)));
  const positive = !e.leaves.some((list) => list.some(([, w]) => w < 0));
  const complement = ids.size === 1 && positive;
  const decide = (score: Value): Value => isGreater(score, complement ? 0.5 : 0);
  const [first, second] = [column(sums, 0), column(sums, 1)];
  const zero = scalarLike(sums, 0);
  let flags: Value | null = null;
  const reached = (target: number): Value =>
    isGreater(column((flags ??= joined(x, e, 2, 'reached')), target), 0);
  /** a score of the first class: 0 where no leaf has a weight for it */
  const ofFirst = (score: Value): Value =>
    base.length === 0 || alwaysReached(e, 0) ? score : choose(reached(0), score, zero);

  /** where some leaf has a weight for the second class */
  const two = (): Decision => {
    if (base.length === 2) {
      const score = plus(first, base[1]!);
      const scores = columns(ofFirst(negated(score)), score);
      return { yes: decide(score), scores: transformed(scores, transform) };
    }
    const scores = base.length === 1 ? columns(ofFirst(plus(first, base[0]!)), second) : sums;
    return { yes: decide(second), scores: transformed(scores, transform) };
  };
  const one = (): Decision => {
    const score = ofFirst(base.length > 0 ? plus(first, base[0]!) : first);
    const yes = decide(score);
    if (base.length === 2)
      return { yes, scores: transformed(columns(score, times(second, 0)), transform) };
    return { yes, scores: twoScores(score, transform, complement) };
  };
  const decision = alwaysReached(e, 1) ? two() : neverReached(e, 1) ? one() : null;
  if (decision) return [labelledBy(labels, decision.yes), decision.scores];
  const [a, b] = [two(), one()];
  const yes = choose(reached(1), a.yes, b.yes);
  return [labelledBy(labels, yes), choose(reached(1), a.scores, b.scores)];
}

function ofOne({ x, e, base, transform }: Classifier): Value[] {
  const sums = joined(x, e, 1, 'sum');
  const score = base.length === 1 ? plus(sums, base[0]!) : sums;
  const numbers: Labels = { count: 2, strings: null, ints: [0n, 1n] };
  return [labelledBy(numbers, isGreater(score, 0)), transformedOne(score, transform)];
}

function build(n: OnnxNode): Value[] {
  const labels = labelsOf(n, 'classlabels_int64s');
  const c: Classifier = {
    x: rowsOf(n, true),
    e: readLists(n, 'class', labels.count),
    labels,
    base: numbersOfEither(n, 'base_values'),
    transform: transformOf(n),
  };
  const [label, scores] = (labels.count > 2 ? ofMany : labels.count === 2 ? ofTwo : ofOne)(c);
  return [label!, cast(scores!, 'float32')];
}

export const TreeEnsembleClassifier = importOnly('TreeEnsembleClassifier', [
  { type: 'TreeEnsembleClassifier', domain: 'ai.onnx.ml', since: 1, build },
]);
