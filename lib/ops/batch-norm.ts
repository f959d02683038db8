/**
 * BatchNormalization (ONNX) in its inference form: x·a + b with a = scale / √(variance + epsilon) and
 * b = bias − mean·a for each channel. Folding leaves one Mul and one Add, which a convolution before
 * or after takes in.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { importOnly, minus, over, plus, root, times } from './formula.js';
import { Unsqueeze } from './unsqueeze.js';

/** A parameter's axes stand from axis 1 of x on. */
function alignedTo(x: Value, v: Value): Value {
  const first = shapeOf(v).length;
  const missing = shapeOf(x).length - 1 - first;
  if (missing <= 0) return v;
  return apply(Unsqueeze, { axes: Array.from({ length: missing }, (_, i) => first + i) }, [v]);
}

/** Inputs: x[N, C, ...], scale, bias, mean, variance, of [C] or of [C, ...]. */
function build(n: OnnxNode): Value[] {
  // before opset 14 training showed only in the number of outputs, which inference models also have
  if (n.int('training_mode', 0) !== 0)
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'training_mode',
      expected: 'inference (0)',
      got: 1,
    });
  const [x, scale, bias, mean, variance] = n.inputs.map((v) => v!);
  const a = over(scale!, root(plus(variance!, n.float('epsilon', 1e-5))));
  const b = minus(bias!, times(mean!, a));
  return [plus(times(x!, alignedTo(x!, a)), alignedTo(x!, b))];
}

export const BatchNorm = importOnly('BatchNorm', [{ type: 'BatchNormalization', since: 1, build }]);
