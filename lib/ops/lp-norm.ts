/** LpNormalization (ONNX): x / (Σ |x|^p)^(1/p) along an axis, p 1 or 2; a line of zeros stays. */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { checkAxis, floatAt, fromStart, rankAt } from './facts.js';
import { atLeast, over } from './formula.js';
import { ReduceL1 } from './reduce-l1.js';
import { ReduceL2 } from './reduce-l2.js';

export interface LpNormAttrs {
  readonly axis: number;
  readonly p: 1 | 2;
}

/** The smallest normal float32: zeros divided by it are zeros. */
const SMALLEST = 2 ** -126;

function formula(x: Value, { axis, p }: LpNormAttrs): Value {
  const norm = apply(p === 1 ? ReduceL1 : ReduceL2, { axes: [axis], keepdims: true }, [x]);
  return over(x, atLeast(norm, SMALLEST));
}

export const LpNorm: OpDef<LpNormAttrs> = defineOp<LpNormAttrs>({
  name: 'LpNorm',
  infer(inputs, { axis }) {
    const type = floatAt(inputs, 0);
    checkAxis(axis, type.shape.length);
    return [{ type }];
  },
  onnx: [
    {
      type: 'LpNormalization',
      since: 1,
      build(n) {
        const p = n.int('p', 2);
        if (p !== 1 && p !== 2)
          raise('HAIO_E_ATTRIBUTE', {
            node: n.name,
            op: n.type,
            attribute: 'p',
            expected: '1 or 2',
            got: p,
          });
        return [formula(n.inputs[0]!, { axis: fromStart(n.int('axis', -1), rankAt(n, 0)), p })];
      },
    },
  ],
  decompose: (node) => [formula(node.inputs[0]!, node.attrs)],
});
