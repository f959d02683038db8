/**
 * Normalizer (ONNX): each row over its greatest element, the sum of its magnitudes, or its Euclidean
 * norm; rows for which that is 0 stay as they are.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import { Equal } from './equal.js';
import { oneOf } from './forest-read.js';
import { cast, importOnly, over, scalarLike } from './formula.js';
import { choose } from './ml-scores.js';
import { ReduceL1 } from './reduce-l1.js';
import { ReduceL2 } from './reduce-l2.js';
import { ReduceMax } from './reduce-max.js';

const NORMS = { MAX: ReduceMax, L1: ReduceL1, L2: ReduceL2 } as const;

function build(n: OnnxNode): Value[] {
  const x = cast(n.inputs[0]!, 'float32');
  const rank = shapeOf(x).length;
  if (rank < 1 || rank > 2) shapeError(`expected rank 1 or 2, got ${rank}`);
  const norm = oneOf(n, 'norm', ['MAX', 'L1', 'L2'], 'MAX');
  const size = apply(NORMS[norm], { axes: [rank - 1], keepdims: true }, [x]);
  const isZero = apply(Equal, {}, [size, scalarLike(size, 0)]);
  return [over(x, choose(isZero, scalarLike(size, 1), size))];
}

export const Normalizer = importOnly('Normalizer', [
  { type: 'Normalizer', domain: 'ai.onnx.ml', since: 1, build },
]);
