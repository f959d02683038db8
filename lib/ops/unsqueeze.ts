/** Unsqueeze (ONNX): with axes of size 1 at the given places of the output. */
import { apply } from '../ir/build.js';
import { shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import type { Dim } from '../tensor/dim.js';
import { numbersOf, rankAt, tensorAt } from './facts.js';
import { copyTo, movable } from './moving.js';
import { axesOf, inputOrInts } from './sizes.js';

export interface UnsqueezeAttrs {
  /** ascending places in the output */
  readonly axes: readonly number[];
}

/** `list` with `one` at the places `axes` of the result. */
function filledIn<T>(list: readonly T[], axes: readonly number[], one: T): T[] {
  const rest = [...list];
  return Array.from({ length: list.length + axes.length }, (_, i) =>
    axes.includes(i) ? one : rest.shift()!,
  );
}

const unsqueezed = (o: Operand, axes: readonly number[]): Operand => ({
  ...o,
  shape: filledIn<Dim>(o.shape, axes, 1),
  strides: filledIn<Dim>(o.strides, axes, 0),
});

export const Unsqueeze: OpDef<UnsqueezeAttrs> = defineOp<UnsqueezeAttrs>({
  name: 'Unsqueeze',
  infer(inputs, { axes }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    axesOf(axes, shape.length + axes.length);
    return [{ type: { dtype, shape: filledIn<Dim>(shape, axes, 1) } }];
  },
  eval: ([x], { axes }) => [{ ...x!, shape: filledIn(x!.shape, axes, 1) }],
  moves: [0],
  onnx: [
    {
      type: 'Unsqueeze',
      since: 1,
      build: (n) => {
        const given = numbersOf(n, inputOrInts(n, 1, 'axes')) ?? [];
        const axes = axesOf(given, rankAt(n, 0) + given.length).sort((a, b) => a - b);
        return [apply(Unsqueeze, { axes }, [n.inputs[0]!])];
      },
    },
    {
      type: 'ExpandDims',
      since: 1,
      domain: 'com.microsoft',
      build: (n) => {
        const axes = axesOf(numbersOf(n, n.inputs[1]) ?? [], rankAt(n, 0) + 1);
        return [apply(Unsqueeze, { axes }, [n.inputs[0]!])];
      },
    },
  ],
  view: ({ attrs: { axes } }, source) => [unsqueezed(source, axes)],
  permute({ attrs: { axes }, outputs }, _from, perm) {
    // the new axes keep their places, the others are permuted among theirs
    const rank = shapeOf(outputs[0]!).length;
    const places = Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));
    const output = Array.from({ length: rank }, (_, i) => i);
    places.forEach((place, i) => (output[place] = places[perm[i]!]!));
    return { attrs: { axes }, inputs: [perm], outputs: [output] };
  },
  lower: ({ attrs: { axes } }, l) => copyTo(l, unsqueezed(l.in(0), axes), l.out()),
  lowers: movable,
});
