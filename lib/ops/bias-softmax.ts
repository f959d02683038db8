/**
 * BiasSoftmax (com.microsoft): Softmax of x + bias over the axes from `axis` on together. The bias
 * broadcasts as in Add; `is_inner_broadcast` tells which of its axes do and adds nothing to that.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { product } from '../tensor/shape.js';
import { fromStart } from './facts.js';
import { importOnly, plus } from './formula.js';
import { reshaped } from './reshape.js';
import { Softmax } from './softmax.js';

/** Softmax over the axes from `axis` on as one. */
function together(x: Value, axis: number): Value {
  const shape = shapeOf(x);
  if (axis === shape.length - 1) return apply(Softmax, { axis }, [x]);
  const flat = reshaped(x, [...shape.slice(0, axis), product(shape.slice(axis))]);
  return reshaped(apply(Softmax, { axis }, [flat]), shape);
}

export const BiasSoftmax = importOnly('BiasSoftmax', [
  {
    type: 'BiasSoftmax',
    since: 1,
    domain: 'com.microsoft',
    build(n) {
      const [x, bias] = n.inputs as [Value, Value];
      return [together(plus(x, bias), fromStart(n.int('axis', 1), shapeOf(x).length))];
    },
  },
]);
