/** LinearClassifier and LinearRegressor (ONNX): x·Wᵀ + b. */
import { apply, literal } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { badAttribute } from './forest-read.js';
import { importOnly, plus } from './formula.js';
import { MatMul } from './mat-mul.js';
import {
  type Labels,
  best,
  isGreater,
  labelled,
  labelledBy,
  labelsOf,
  rowsOf,
  transformOf,
  transformed,
  transformedOne,
  twoScores,
} from './ml-scores.js';

/** x·Aᵀ for rows of A one after the other. */
export function product(x: Value, rows: number, a: readonly number[]): Value {
  const width = a.length / rows;
  const turned = Array.from({ length: a.length }, (_, i) => {
    const [k, r] = [Math.floor(i / rows), i % rows];
    return a[r * width + k]!;
  });
  return apply(MatMul, { stages: [] }, [x, literal('float32', [width, rows], turned)]);
}

/** Scores [N, count] of a linear model. */
function scoresOf(n: OnnxNode, count: number): Value {
  const weights = n.floats('coefficients');
  const intercepts = n.floats('intercepts', []);
  if (count < 1 || weights.length === 0 || weights.length % count !== 0)
    badAttribute(n, 'coefficients', `as many for each of ${count}`, `${weights.length}`);
  const scores = product(rowsOf(n), count, weights);
  if (intercepts.length === 0) return scores;
  if (intercepts.length !== count)
    badAttribute(n, 'intercepts', `${count} numbers`, `${intercepts.length}`);
  return plus(scores, literal('float32', [count], intercepts));
}

function classify(n: OnnxNode): Value[] {
  const labels = labelsOf(n, 'classlabels_ints');
  const intercepts = n.floats('intercepts', []).length;
  const count = intercepts > 0 ? intercepts : labels.count;
  const scores = scoresOf(n, count);
  const transform = transformOf(n);
  if (count > 1) return [labelled(labels, best(scores)), transformed(scores, transform)];
  const yes = isGreater(scores, 0);
  const numbers: Labels = labels.strings
    ? { count: 2, strings: ['0', '1'], ints: [] }
    : { count: 2, strings: null, ints: [0n, 1n] };
  const label = labelledBy(labels.count === 2 ? labels : numbers, yes);
  if (labels.count !== 2) return [label, transformedOne(scores, transform)];
  return [label, twoScores(scores, transform, true)];
}

function regress(n: OnnxNode): Value[] {
  const targets = n.int('targets', 1);
  const change = targets === 1 ? transformedOne : transformed;
  return [change(scoresOf(n, targets), transformOf(n))];
}

export const LinearClassifier = importOnly('LinearClassifier', [
  { type: 'LinearClassifier', domain: 'ai.onnx.ml', since: 1, build: classify },
  { type: 'LinearRegressor', domain: 'ai.onnx.ml', since: 1, build: regress },
]);
