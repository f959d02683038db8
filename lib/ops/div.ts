/** Div (ONNX): x / y; of integers toward zero, and 0 where y is 0. */
import { apply, literal } from '../ir/build.js';
import { dtypeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { Add } from './add.js';
import { type ElementOp, type NoAttrs, arithmetic, broadcasting, variadic } from './elementwise.js';

/** Toward zero; unknown where signs are. */
function quotient(x: D.Dim, y: D.Dim): D.Dim | undefined {
  if (typeof x === 'number' && typeof y === 'number') return y === 0 ? 0 : Math.trunc(x / y) + 0;
  return D.bounds(x)[0] >= 0 && D.bounds(y)[0] > 0 ? D.floorDiv(x, y) : undefined;
}

const sum = variadic('Mean', () => Add);

export const Div: ElementOp<NoAttrs> = arithmetic('Div', (x, y) => x / y, {
  exact: () => (x, y) => (y === 0n ? 0n : x / y),
  dim: ([x, y]) => quotient(x!, y!),
  ordered: true,
  flops: 4,
  onnx: [
    ...broadcasting('Div', () => Div),
    {
      type: 'Mean',
      since: 1,
      build: (n) => {
        const total = sum.build!(n)[0]!;
        return [apply(Div, {}, [total, literal(dtypeOf(total), [], [n.inputs.length])])];
      },
    },
  ],
});
