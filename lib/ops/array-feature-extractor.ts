/** ArrayFeatureExtractor (ONNX): some elements of the last axis; a vector counts as one row. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { importOnly } from './formula.js';
import { Gather } from './gather.js';
import { reshaped } from './ml-scores.js';

function build(n: OnnxNode): Value[] {
  const [x, indices] = n.inputs as [Value, Value];
  const rank = shapeOf(x).length;
  const taken = apply(Gather, { axis: rank - 1 }, [x, reshaped(indices, [-1])]);
  return [rank === 1 ? reshaped(taken, [1, -1]) : taken];
}

export const ArrayFeatureExtractor = importOnly('ArrayFeatureExtractor', [
  { type: 'ArrayFeatureExtractor', domain: 'ai.onnx.ml', since: 1, build },
]);
