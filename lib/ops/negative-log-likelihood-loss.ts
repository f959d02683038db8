/**
 * NegativeLogLikelihoodLoss (ONNX): −x[n, target[n, …], …] · weight[target], as it is, summed, or
 * divided by the sum of the weights. Elements whose target is `ignore_index` count nothing.
 */
import { raise } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import { Equal } from './equal.js';
import { cast, importOnly, over, scalarLike, times } from './formula.js';
import { GatherElements } from './gather-elements.js';
import { Gather } from './gather.js';
import { Neg } from './neg.js';
import { ReduceMean } from './reduce-mean.js';
import { ReduceSum } from './reduce-sum.js';
import { Squeeze } from './squeeze.js';
import { Unsqueeze } from './unsqueeze.js';
import { Where } from './where.js';

/** The loss of x [N, C, …] by the node's attributes; inputs 1 and 2 are target [N, …] and weight [C]. */
export function likelihoodLoss(n: OnnxNode, x: Value): Value {
  const reduction = n.string('reduction', 'mean');
  if (!['none', 'sum', 'mean'].includes(reduction))
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'reduction',
      expected: "'none', 'sum' or 'mean'",
      got: reduction,
    });
  const [, given, weight] = n.inputs;
  if (!given) shapeError('the target is missing');
  if (shapeOf(x).length < 2 || shapeOf(given).length !== shapeOf(x).length - 1)
    shapeError(`a target of rank ${shapeOf(given).length} for rank ${shapeOf(x).length}`);
  const target = cast(given, 'int64');
  const ignore = n.has('ignore_index') ? literal('int64', [], [n.int('ignore_index')]) : null;
  const ignored = ignore && apply(Equal, {}, [target, ignore]);
  const without = (v: Value, zero: Value): Value =>
    ignored ? apply(Where, {}, [ignored, zero, v]) : v;
  const index = without(target, literal('int64', [], [0]));
  const picked = apply(GatherElements, { axis: 1 }, [x, apply(Unsqueeze, { axes: [1] }, [index])]);
  const plain = apply(Neg, {}, [apply(Squeeze, { axes: [1] }, [picked])]);
  const weights = weight && without(apply(Gather, { axis: 0 }, [weight, index]), scalarLike(x, 0));
  const loss = weights ? times(plain, weights) : without(plain, scalarLike(x, 0));
  const all = {
    axes: Array.from(shapeOf(loss), (_, axis) => axis),
    keepdims: false,
  };
  if (reduction === 'none') return loss;
  if (reduction === 'mean' && !weights && !ignored) return apply(ReduceMean, all, [loss]);
  const sum = apply(ReduceSum, all, [loss]);
  if (reduction === 'sum') return sum;
  const counts = weights ?? apply(Where, {}, [ignored ?? null, scalarLike(x, 0), scalarLike(x, 1)]);
  return over(sum, apply(ReduceSum, all, [counts]));
}

export const NegativeLogLikelihoodLoss = importOnly('NegativeLogLikelihoodLoss', [
  {
    type: 'NegativeLogLikelihoodLoss',
    since: 12,
    build: (n) => [likelihoodLoss(n, n.inputs[0] ?? shapeError('the input is missing'))],
  },
]);
