/**
 * MeanVarianceNormalization (ONNX): (x − mean) / (standard deviation + 1e-9) over some axes. The
 * deviation is taken from x − mean, which is the same as ONNX's mean(x²) − mean(x)² but exact.
 */
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { fromStart, rankAt } from './facts.js';
import { importOnly, minus, over, plus, root, times } from './formula.js';
import { ReduceMean } from './reduce-mean.js';

function build(n: OnnxNode): Value[] {
  const axes = n.ints('axes', [0, 2, 3]).map((a) => fromStart(a, rankAt(n, 0)));
  axes.sort((a, b) => a - b);
  const mean = (v: Value): Value => apply(ReduceMean, { axes, keepdims: true }, [v]);
  const d = minus(n.inputs[0]!, mean(n.inputs[0]!));
  return [over(d, plus(root(mean(times(d, d))), 1e-9))];
}

export const MeanVarianceNorm = importOnly('MeanVarianceNorm', [
  { type: 'MeanVarianceNormalization', since: 9, build },
]);
