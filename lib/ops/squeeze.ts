/** Squeeze (ONNX): without the given axes of size 1. */
import { apply } from '../ir/build.js';
import { shapeOf } from '../ir/graph.js';
import { type OpDef, type OnnxNode, defineOp, shapeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import { bounds } from '../tensor/dim.js';
import { numbersOf, pinned, tensorAt } from './facts.js';
import { copyTo, movable } from './moving.js';
import { axesOf, inputOrInts } from './sizes.js';

export interface SqueezeAttrs {
  /** ascending, 0…rank−1 */
  readonly axes: readonly number[];
}

const without = <T>(list: readonly T[], axes: readonly number[]): T[] =>
  list.filter((_, i) => !axes.includes(i));

/** Without `axes` of size 1. */
const squeezed = (o: Operand, axes: readonly number[]): Operand => ({
  ...o,
  shape: without(o.shape, axes),
  strides: without(o.strides, axes),
});

/** The axes of the node, or all of size 1; a symbolic size that could be 1 is asked for. */
function axesIn(n: OnnxNode): number[] {
  const shape = shapeOf(n.inputs[0]!);
  const given = numbersOf(n, inputOrInts(n, 1, 'axes'));
  if (given) return axesOf(given, shape.length).sort((a, b) => a - b);
  return shape.map((_, i) => i).filter((i) => bounds(shape[i]!)[0] <= 1 && pinned(shape[i]!) === 1);
}

export const Squeeze: OpDef<SqueezeAttrs> = defineOp<SqueezeAttrs>({
  name: 'Squeeze',
  infer(inputs, { axes }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    for (const a of axesOf(axes, shape.length))
      if (typeof shape[a] === 'number' && shape[a] !== 1)
        shapeError(`axis ${a} has size ${shape[a]}, not 1`);
    return [{ type: { dtype, shape: without(shape, axes) } }];
  },
  eval: ([x], { axes }) => [{ ...x!, shape: without(x!.shape, axes) }],
  moves: [0],
  onnx: [
    {
      type: 'Squeeze',
      since: 1,
      build: (n) => [apply(Squeeze, { axes: axesIn(n) }, [n.inputs[0]!])],
    },
  ],
  view: ({ attrs: { axes } }, source) => [squeezed(source, axes)],
  permute({ attrs: { axes } }, _from, perm) {
    const moved = axes.map((a) => perm[a]!).sort((a, b) => a - b);
    const kept = perm.filter((_, i) => !axes.includes(i));
    const rank = (axis: number): number => axis - moved.filter((m) => m < axis).length;
    return { attrs: { axes: moved }, inputs: [perm], outputs: [kept.map(rank)] };
  },
  lower: ({ attrs: { axes } }, l) => copyTo(l, squeezed(l.in(0), axes), l.out()),
  lowers: movable,
});
