/** BiasAdd, BiasSplitGelu and GatedAdd of com.microsoft: sums, and what stands around them. */
import { apply } from '../ir/build.js';
import { shapeOf } from '../ir/graph.js';
import { parted } from './arrange.js';
import { importOnly, plus, times } from './formula.js';
import { Gelu } from './gelu.js';

const domain = 'com.microsoft';

export const BiasAdd = importOnly('BiasAdd', [
  {
    type: 'BiasAdd',
    since: 1,
    domain,
    build: ({ inputs: [x, bias, residual] }) => [plus(plus(x!, bias!), residual!)],
  },
  {
    // [..., 2·D]: the first half times the Gelu of the second
    type: 'BiasSplitGelu',
    since: 1,
    domain,
    build({ inputs: [x, bias] }) {
      const [linear, gate] = parted(plus(x!, bias!), shapeOf(x!).length - 1, 2);
      return [times(linear!, apply(Gelu, { approximate: 'none' }, [gate!]))];
    },
  },
]);
