/** Einsum (ONNX): products of elements whose indices agree, summed over those not in the output. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { broadcastDim, denseStrides } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { contracted } from './einsum-steps.js';
import { type Label, type Terms, termsOf } from './einsum-terms.js';
import { numericAt } from './facts.js';
import { walk } from './moving.js';

export interface EinsumAttrs {
  readonly equation: string;
}

/** Sizes by label; axes of size 1 repeat. */
function sizesOf({ inputs }: Terms, shapes: readonly (readonly Dim[])[]): Map<Label, Dim> {
  const sizes = new Map<Label, Dim>();
  inputs.forEach((labels, i) =>
    labels.forEach((label, axis) => {
      const d = shapes[i]![axis]!;
      const size = broadcastDim(sizes.get(label) ?? 1, d);
      sizes.set(label, size ?? shapeError(`sizes of '${label}' differ`));
    }),
  );
  return sizes;
}

function evaluate(tensors: readonly Tensor[], { equation }: EinsumAttrs): Tensor {
  const shapes = tensors.map((t) => t.shape);
  const terms = termsOf(
    equation,
    shapes.map((s) => s.length),
  );
  const sizes = sizesOf(terms, shapes) as Map<Label, number>;
  const summed = [...sizes.keys()].filter((l) => !terms.output.includes(l));
  const labels = [...terms.output, ...summed];
  const all = labels.map((l) => sizes.get(l)!);
  // offsets of each operand at each place of all indices
  const offsets = terms.inputs.map((own, i) => {
    const dense = denseStrides(shapes[i]!) as number[];
    const strides = labels.map((l) =>
      own.reduce((s, o, axis) => (o === l && shapes[i]![axis] !== 1 ? s + dense[axis]! : s), 0),
    );
    const list = new Int32Array(sizeOf(all));
    walk(all, strides, 0, (at, k) => (list[k] = at));
    return list;
  });
  const values = tensors.map(toNumbers);
  const shape = all.slice(0, terms.output.length);
  const out = new Float64Array(sizeOf(shape));
  const turns = sizeOf(all.slice(shape.length));
  for (let k = 0; k < out.length * turns; k++) {
    let product = 1;
    for (let i = 0; i < values.length; i++) product *= values[i]![offsets[i]![k]!]!;
    out[Math.floor(k / turns)]! += product;
  }
  return fromNumbers(tensors[0]!.dtype, shape, out);
}

export const Einsum: OpDef<EinsumAttrs> = defineOp<EinsumAttrs>({
  name: 'Einsum',
  infer(inputs, { equation }) {
    const types = inputs.map((_, i) => numericAt(inputs, i));
    const [first] = types;
    if (!first) typeError('no input');
    if (types.some((t) => t.dtype !== first.dtype)) typeError('inputs must have one type');
    const shapes = types.map((t) => t.shape);
    const terms = termsOf(
      equation,
      shapes.map((s) => s.length),
    );
    const sizes = sizesOf(terms, shapes);
    return [{ type: { dtype: first.dtype, shape: terms.output.map((l) => sizes.get(l)!) } }];
  },
  eval: (tensors, attrs) => [evaluate(tensors as readonly Tensor[], attrs)],
  onnx: [
    {
      type: 'Einsum',
      since: 12,
      build(n) {
        const equation = n.string('equation');
        const inputs = n.inputs as readonly Value[];
        const whole = apply(Einsum, { equation }, inputs);
        const terms = termsOf(
          equation,
          inputs.map((v) => shapeOf(v).length),
        );
        return [contracted(terms, inputs) ?? whole];
      },
    },
  ],
});
