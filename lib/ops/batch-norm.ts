/**
 * BatchNormalization (ONNX). In its inference form: x·a + b with a = scale / √(variance + epsilon) and
 * b = bias − mean·a for each channel. Folding leaves one Mul and one Add, which a convolution before
 * or after takes in. In training the mean and variance are those of the batch.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { importOnly, minus, over, plus, root, times } from './formula.js';
import { ReduceMean } from './reduce-mean.js';
import { regrouped } from './heads.js';
import { Unsqueeze } from './unsqueeze.js';

/** A parameter's axes stand from axis 1 of x on. */
function alignedTo(x: Value, v: Value): Value {
  const first = shapeOf(v).length;
  const missing = shapeOf(x).length - 1 - first;
  if (missing <= 0) return v;
  return apply(Unsqueeze, { axes: Array.from({ length: missing }, (_, i) => first + i) }, [v]);
}

/** Mean and variance of each channel of the batch. */
function momentsOf(x: Value, spatialAxes: readonly number[]): { mean: Value; variance: Value } {
  const attrs = { axes: [0, ...spatialAxes], keepdims: true };
  const mean = apply(ReduceMean, attrs, [x]);
  const centred = minus(x, mean);
  const variance = apply(ReduceMean, attrs, [times(centred, centred)]);
  return { mean: regrouped(mean, [-1]), variance: regrouped(variance, [-1]) };
}

/** Inputs: x[N, C, ...], scale, bias, mean, variance, of [C] or of [C, ...]. */
function build(n: OnnxNode): Value[] {
  const [x, scale, bias, mean, variance] = n.inputs.map((v) => v!);
  const normalised = (m: Value, v: Value): Value => {
    const a = over(scale!, root(plus(v, n.float('epsilon', 1e-5))));
    const b = minus(bias!, times(m, a));
    return plus(times(x!, alignedTo(x!, a)), alignedTo(x!, b));
  };
  // before opset 14 training showed only in the number of outputs, which inference models also have
  if (n.int('training_mode', 0) === 0) return [normalised(mean!, variance!)];
  const now = momentsOf(
    x!,
    shapeOf(x!)
      .map((_, i) => i)
      .slice(2),
  );
  const momentum = n.float('momentum', 0.9);
  const running = (before: Value, v: Value): Value =>
    plus(times(before, momentum), times(v, 1 - momentum));
  return [
    normalised(now.mean, now.variance),
    running(mean!, now.mean),
    running(variance!, now.variance),
  ];
}

export const BatchNorm = importOnly('BatchNorm', [{ type: 'BatchNormalization', since: 1, build }]);
