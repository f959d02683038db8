/** Expand (ONNX): broadcast to a shape. ConstantOfShape is a scalar expanded. */
import { apply, constant, literal } from '../ir/build.js';
import { shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { Value } from '../ir/graph.js';
import type { Operand } from '../ir/step.js';
import {
  type Shape,
  broadcast,
  broadcastStrides,
  denseStrides,
  formatShape,
} from '../tensor/shape.js';
import { weightOf } from '../tensor/weight.js';
import { tensorAt } from './facts.js';
import { copyTo, intsOf, movable, strided } from './moving.js';
import { countAt, freshSizes, knownAt } from './sizes.js';

const expandedSizes = (shape: Shape, to: Shape): Shape =>
  broadcast(shape, to) ?? shapeError(`cannot expand ${formatShape(shape)} to ${formatShape(to)}`);

const expanded = (o: Operand, shape: Shape): Operand => ({
  ...o,
  shape,
  strides: broadcastStrides(o.shape, o.strides, shape),
});

/** One element of any dtype repeated to the shape of input 0 (ConstantOfShape-9). */
function constantOfShape(n: OnnxNode): Value {
  const one = n.has('value')
    ? constant(weightOf({ ...n.tensor('value'), shape: [] }))
    : literal('float32', [], [0]);
  return apply(Expand, {}, [one, n.inputs[0]!]);
}

export const Expand: OpDef<Record<string, never>> = defineOp<Record<string, never>>({
  name: 'Expand',
  infer(inputs, _, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const to = knownAt(inputs, 1);
    if (to) return [{ type: { dtype, shape: expandedSizes(shape, to) } }];
    const rank = Math.max(shape.length, countAt(inputs, 1, ctx));
    return [{ type: { dtype, shape: freshSizes(ctx, rank, 'd') } }];
  },
  eval([x, to]) {
    const shape = expandedSizes(x!.shape, intsOf(to)) as number[];
    const strides = broadcastStrides(x!.shape, denseStrides(x!.shape), shape) as number[];
    return [strided(x!, shape, strides)];
  },
  moves: [0],
  onnx: [
    { type: 'Expand', since: 8, read: () => ({}) },
    { type: 'ConstantOfShape', since: 9, build: (n) => [constantOfShape(n)] },
  ],
  view: ({ outputs }, source) => [expanded(source, shapeOf(outputs[0]!))],
  lower: ({ outputs }, l) => copyTo(l, expanded(l.in(0), shapeOf(outputs[0]!)), l.out()),
  lowers: movable,
});
