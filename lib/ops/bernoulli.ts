/** Bernoulli (ONNX): 1 with the probability that the input says, else 0. */
import { apply } from '../ir/build.js';
import { dtypeOf } from '../ir/graph.js';
import { shapeError } from '../ir/op.js';
import { cast, importOnly } from './formula.js';
import { Less } from './less.js';
import { RandomUniform } from './random-uniform.js';
import { randomType, seedOf } from './random.js';

export const Bernoulli = importOnly('Bernoulli', [
  {
    type: 'Bernoulli',
    since: 15,
    build(n) {
      const p = n.inputs[0] ?? shapeError('input 0 is missing');
      const attrs = { dtype: null, shape: null, seed: seedOf(n), range: [0, 1] } as const;
      const drawn = apply(Less, {}, [apply(RandomUniform, attrs, [p]), p]);
      return [cast(drawn, randomType(n) ?? dtypeOf(p))];
    },
  },
]);
