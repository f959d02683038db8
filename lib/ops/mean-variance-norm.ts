/**
 * MeanVarianceNormalization (ONNX): (x − mean) / (standard deviation + 1e-9) over some axes. The
 * deviation is taken from x − mean, which is the same as ONNX's mean(x²) − mean(x)² but exact.
 */
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { checkAxis, floatAt, fromStart, rankAt } from './facts.js';
import { minus, over, plus, root, times } from './formula.js';
import { ReduceMean } from './reduce-mean.js';

export interface MeanVarianceNormAttrs {
  readonly axes: readonly number[];
}

function formula(x: Value, { axes }: MeanVarianceNormAttrs): Value {
  const mean = (v: Value): Value => apply(ReduceMean, { axes, keepdims: true }, [v]);
  const d = minus(x, mean(x));
  return over(d, plus(root(mean(times(d, d))), 1e-9));
}

export const MeanVarianceNorm: OpDef<MeanVarianceNormAttrs> = defineOp<MeanVarianceNormAttrs>({
  name: 'MeanVarianceNorm',
  infer(inputs, { axes }) {
    const type = floatAt(inputs, 0);
    for (const a of axes) checkAxis(a, type.shape.length);
    return [{ type }];
  },
  onnx: [
    {
      type: 'MeanVarianceNormalization',
      since: 9,
      build(n) {
        const rank = rankAt(n, 0);
        const axes = n.ints('axes', [0, 2, 3]).map((a) => fromStart(a, rank));
        return [formula(n.inputs[0]!, { axes: axes.sort((a, b) => a - b) })];
      },
    },
  ],
  decompose: (node) => [formula(node.inputs[0]!, node.attrs)],
});
