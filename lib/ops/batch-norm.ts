/**
 * BatchNormalization (ONNX) in its inference form: x·a + b with a = scale / √(variance + epsilon) and
 * b = bias − mean·a for each channel. It is imported as that formula; folding leaves one Mul and one
 * Add, which a convolution before or after it takes in.
 */
import { raise } from '../errors.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import { floatAt } from './facts.js';
import { minus, over, plus, root, times } from './formula.js';
import { Unsqueeze } from './unsqueeze.js';
import { apply } from '../ir/build.js';

/** Inputs: x[N, C, ...], scale, bias, mean, variance, of [C] or of [C, ...]. */
export interface BatchNormAttrs {
  readonly epsilon: number;
}

/** A parameter's axes stand from axis 1 of x on. */
function alignedTo(x: Value, v: Value): Value {
  const missing = shapeOf(x).length - 1 - shapeOf(v).length;
  if (missing <= 0) return v;
  const first = shapeOf(v).length;
  return apply(Unsqueeze, { axes: Array.from({ length: missing }, (_, i) => first + i) }, [v]);
}

function formula(inputs: readonly (Value | null)[], { epsilon }: BatchNormAttrs): Value {
  const [x, scale, bias, mean, variance] = inputs.map((v) => v!);
  const a = over(scale!, root(plus(variance!, epsilon)));
  const b = minus(bias!, times(mean!, a));
  return plus(times(x!, alignedTo(x!, a)), alignedTo(x!, b));
}

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
  return [formula(n.inputs, { epsilon: n.float('epsilon', 1e-5) })];
}

export const BatchNorm: OpDef<BatchNormAttrs> = defineOp<BatchNormAttrs>({
  name: 'BatchNorm',
  infer: (inputs) => [{ type: floatAt(inputs, 0) }],
  onnx: [{ type: 'BatchNormalization', since: 1, build }],
  decompose: (node) => [formula(node.inputs, node.attrs)],
});
