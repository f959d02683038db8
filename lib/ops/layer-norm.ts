/**
 * Layer normalisation (Ba, Kiros, Hinton 2016) of x + residual: ONNX LayerNormalization and the fused
 * com.microsoft.SkipLayerNormalization.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { fromStart, rankAt } from './facts.js';
import { minus, plus, root, times } from './formula.js';
import { Reciprocal } from './reciprocal.js';
import { ReduceMean } from './reduce-mean.js';
import { type RowNormAttrs, normalised, rowNorm } from './row-norm.js';

/** Mean and 1 / √(variance + epsilon) over the axes from `axis` on, which stay with size 1. */
function statistics(x: Value, axis: number, epsilon: number): [Value, Value] {
  const axes = shapeOf(x)
    .map((_, i) => i)
    .slice(axis);
  const meanOf = (v: Value): Value => apply(ReduceMean, { axes, keepdims: true }, [v]);
  const mean = meanOf(x);
  const d = minus(x, mean);
  return [mean, apply(Reciprocal, {}, [root(plus(meanOf(times(d, d)), epsilon))])];
}

function layerNorm(n: OnnxNode): Value[] {
  const [x, scale, bias] = n.inputs;
  const axis = fromStart(n.int('axis', -1), rankAt(n, 0));
  const epsilon = n.float('epsilon', 1e-5);
  const [y] = normalised(LayerNorm, { x: x!, scale, bias }, axis, epsilon);
  return n.outputCount > 1 ? [y, ...statistics(x!, axis, epsilon)] : [y];
}

/** Inputs input, skip, gamma, beta, bias; outputs output, mean, inv_std_var, input_skip_bias_sum. */
function skipLayerNorm(n: OnnxNode): Value[] {
  const [input, residual, scale, beta, bias] = n.inputs;
  const x = bias ? plus(input!, bias) : input!;
  const axis = rankAt(n, 0) - 1;
  const epsilon = n.float('epsilon', 1e-12);
  const [y, sum] = normalised(LayerNorm, { x, scale, bias: beta, residual }, axis, epsilon);
  return n.outputCount > 1 ? [y, ...statistics(sum, axis, epsilon), sum] : [y];
}

export const LayerNorm: OpDef<RowNormAttrs> = rowNorm('LayerNorm', 'layer_norm', true, [
  { type: 'LayerNormalization', since: 1, build: layerNorm },
  { type: 'SkipLayerNormalization', since: 1, domain: 'com.microsoft', build: skipLayerNorm },
]);
