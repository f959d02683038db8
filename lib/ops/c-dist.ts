/**
 * CDist (com.microsoft): distances of the rows of a [M, D] and b [N, D], as [M, N]: the square root of
 * |a|² + |b|² − 2·a·b, or without the root.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { transposed } from './arrange.js';
import { atLeast, importOnly, minus, plus, root, times } from './formula.js';
import { MatMul } from './mat-mul.js';
import { ReduceSumSquare } from './reduce-sum-square.js';

function build(n: OnnxNode): Value[] {
  const [a, b] = n.inputs as [Value, Value];
  const metric = n.string('metric', 'sqeuclidean');
  if (metric !== 'sqeuclidean' && metric !== 'euclidean')
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'metric',
      expected: 'sqeuclidean or euclidean',
      got: metric,
    });
  const square = (v: Value): Value => apply(ReduceSumSquare, { axes: [1], keepdims: true }, [v]);
  const product = apply(MatMul, { stages: [] }, [a, transposed(b, 1, 0)]);
  const sum = plus(square(a), transposed(square(b), 1, 0));
  const squares = atLeast(minus(sum, times(product, 2)), 0);
  return [metric === 'euclidean' ? root(squares) : squares];
}

export const CDist = importOnly('CDist', [
  { type: 'CDist', since: 1, domain: 'com.microsoft', build },
]);
