/** TreeEnsembleRegressor (ONNX). */
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { numbersOfEither, oneOf, readLists } from './forest-read.js';
import { cast, importOnly } from './formula.js';
import { rowsOf, transformOf, transformed, transformedOne } from './ml-scores.js';
import { AGGREGATES, aggregated, based, targetsOf } from './tree-ensemble.js';

function build(n: OnnxNode): Value[] {
  const targets = targetsOf(n);
  const e = readLists(n, 'target', targets);
  const aggregate = oneOf(n, 'aggregate_function', AGGREGATES, 'SUM');
  const sums = aggregated(rowsOf(n, true), e, targets, aggregate);
  const scores = based(sums, targets, numbersOfEither(n, 'base_values'));
  const change = targets === 1 ? transformedOne : transformed;
  return [cast(change(scores, transformOf(n)), 'float32')];
}

export const TreeEnsembleRegressor = importOnly('TreeEnsembleRegressor', [
  { type: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', since: 1, build },
]);
