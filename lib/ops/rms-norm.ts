/**
 * Root-mean-square normalisation (Zhang, Sennrich 2019) of x + residual: ONNX RMSNormalization,
 * SimplifiedLayerNormalization and com.microsoft.SkipSimplifiedLayerNormalization.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { fromStart, rankAt } from './facts.js';
import { plus, root, times } from './formula.js';
import { Reciprocal } from './reciprocal.js';
import { ReduceMean } from './reduce-mean.js';
import { type RowNormAttrs, normalised, rowNorm } from './row-norm.js';

/** 1 / √(mean square + epsilon) over the axes from `axis` on, which stay with size 1. */
function inverse(x: Value, axis: number, epsilon: number): Value {
  const axes = shapeOf(x)
    .map((_, i) => i)
    .slice(axis);
  const square = apply(ReduceMean, { axes, keepdims: true }, [times(x, x)]);
  return apply(Reciprocal, {}, [root(plus(square, epsilon))]);
}

function rmsNorm(n: OnnxNode): Value[] {
  const [x, scale] = n.inputs;
  const axis = fromStart(n.int('axis', -1), rankAt(n, 0));
  const epsilon = n.float('epsilon', 1e-5);
  const [y] = normalised(RmsNorm, { x: x!, scale }, axis, epsilon);
  return n.outputCount > 1 ? [y, inverse(x!, axis, epsilon)] : [y];
}

/** Inputs input, skip, gamma, bias; outputs output, mean (never there), inv_std_var, input_skip_bias_sum. */
function skipRmsNorm(n: OnnxNode): Value[] {
  const [input, residual, scale, bias] = n.inputs;
  const x = bias ? plus(input!, bias) : input!;
  const axis = rankAt(n, 0) - 1;
  const epsilon = n.float('epsilon', 1e-12);
  const [y, sum] = normalised(RmsNorm, { x, scale, residual }, axis, epsilon);
  const inv = inverse(sum, axis, epsilon);
  return n.outputCount > 1 ? [y, inv, inv, sum] : [y];
}

export const RmsNorm: OpDef<RowNormAttrs> = rowNorm('RmsNorm', 'rms_norm', false, [
  { type: 'RMSNormalization', since: 23, build: rmsNorm },
  { type: 'SimplifiedLayerNormalization', since: 1, build: rmsNorm },
  { type: 'SimplifiedLayerNormalization', since: 1, domain: 'com.microsoft', build: rmsNorm },
  {
    type: 'SkipSimplifiedLayerNormalization',
    since: 1,
    domain: 'com.microsoft',
    build: skipRmsNorm,
  },
]);
