/** ScatterElements (ONNX): x with out[…, indices[…, i, …], …] = updates[…, i, …] along one axis. */
import { defineOp, shapeError, typeError } from '../ir/op.js';
import { denseStrides, product, sameShape } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { grainFor } from './effort.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { indexAt, indexed } from './indices.js';
import { copyTo, intsOf, walk } from './moving.js';
import { type Reduction, emitScatter, readReduction, scattered, scatters } from './scatter.js';

export interface ScatterElementsAttrs {
  /** 0…rank−1 */
  readonly axis: number;
  readonly reduction: Reduction;
}

export const ScatterElements = defineOp<ScatterElementsAttrs>({
  name: 'ScatterElements',
  infer(inputs, { axis }) {
    const type = tensorAt(inputs, 0);
    const indices = indexAt(inputs, 1);
    const updates = tensorAt(inputs, 2);
    checkAxis(axis, type.shape.length);
    if (updates.dtype !== type.dtype)
      typeError(`updates are ${updates.dtype}, the data ${type.dtype}`);
    if (indices.shape.length !== type.shape.length || updates.shape.length !== type.shape.length)
      shapeError('data, indices and updates must have one rank');
    const numbers = [...indices.shape, ...updates.shape].every((d) => typeof d === 'number');
    if (numbers && !sameShape(indices.shape, updates.shape))
      shapeError('indices and updates must have one shape');
    return [{ type }];
  },
  eval([x, indices, updates], { axis, reduction }) {
    const strides = (denseStrides(x!.shape) as number[]).with(axis, 0);
    const step = sizeOf(x!.shape.slice(axis + 1));
    const places = intsOf(indices);
    walk(indices!.shape, strides, 0, (at, i) => {
      places[i] = at + indexed(places[i]!, x!.shape[axis]!) * step;
    });
    return [scattered(x!, updates!, reduction, (i) => places[i]!)];
  },
  onnx: ['ScatterElements', 'Scatter'].map((type) => ({
    type,
    since: type === 'Scatter' ? 9 : 11,
    read: (n) => ({
      axis: fromStart(n.int('axis', 0), rankAt(n, 0)),
      reduction: readReduction(n),
    }),
  })),
  permute: ({ attrs: { axis, reduction } }, _from, perm) => ({
    attrs: { axis: perm[axis]!, reduction },
    inputs: [perm, perm, perm],
    outputs: [perm],
  }),
  lower({ attrs: { axis, reduction } }, l) {
    const [indices, out] = [l.in(1), l.out()];
    copyTo(l, l.in(0), out);
    emitScatter(l, 'scatter_elements', reduction, out, {
      params: { axis },
      inputs: [indices, l.in(2)],
      items: product(indices.shape.filter((_, i) => i !== axis)),
      grain: grainFor(indices.shape[axis]!),
    });
  },
  lowers: (node) => scatters(node, node.attrs.reduction),
});
