/** Binarizer (ONNX): 1 where x is above the threshold, else 0, in x's type. */
import { apply } from '../ir/build.js';
import { dtypeOf } from '../ir/graph.js';
import { cast, importOnly } from './formula.js';
import { Greater } from './greater.js';
import { isFloat } from '../tensor/dtype.js';
import { scalarLike } from './formula.js';

export const Binarizer = importOnly('Binarizer', [
  {
    type: 'Binarizer',
    domain: 'ai.onnx.ml',
    since: 1,
    build(n) {
      const x = n.inputs[0]!;
      const threshold = n.float('threshold', 0);
      // x > t for integers is x > floor t
      const limit = isFloat(dtypeOf(x)) ? threshold : Math.floor(threshold);
      return [cast(apply(Greater, {}, [x, scalarLike(x, limit)]), dtypeOf(x))];
    },
  },
]);
