/** GatherElements (ONNX): out[…, i, …] = x[…, indices[…, i, …], …] with the index on one axis. */
import { defineOp, shapeError } from '../ir/op.js';
import { denseStrides, product } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { grainFor } from './effort.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { indexAt, indexed } from './indices.js';
import { filled, intsOf, movable, room, walk, widthOf } from './moving.js';

export interface ElementsAttrs {
  /** 0…rank−1 */
  readonly axis: number;
}

export const GatherElements = defineOp<ElementsAttrs>({
  name: 'GatherElements',
  infer(inputs, { axis }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const indices = indexAt(inputs, 1);
    checkAxis(axis, shape.length);
    if (indices.shape.length !== shape.length)
      shapeError(`indices of rank ${indices.shape.length} for data of rank ${shape.length}`);
    indices.shape.forEach((d, i) => {
      const size = shape[i]!;
      if (i !== axis && typeof d === 'number' && typeof size === 'number' && d > size)
        shapeError(`indices have ${d} elements in axis ${i}, the data ${size}`);
    });
    return [{ type: { dtype, shape: indices.shape } }];
  },
  eval([x, indices], { axis }) {
    const data = room(x!, sizeOf(indices!.shape));
    const strides = (denseStrides(x!.shape) as number[]).with(axis, 0);
    const step = sizeOf(x!.shape.slice(axis + 1));
    const list = intsOf(indices);
    walk(indices!.shape, strides, 0, (at, i) => {
      data[i] = x!.data[at + indexed(list[i]!, x!.shape[axis]!) * step];
    });
    return [filled(x!, indices!.shape, data)];
  },
  moves: [0],
  onnx: [
    {
      type: 'GatherElements',
      since: 11,
      read: (n) => ({ axis: fromStart(n.int('axis', 0), rankAt(n, 0)) }),
    },
  ],
  permute: ({ attrs: { axis } }, _from, perm) => ({
    attrs: { axis: perm[axis]! },
    inputs: [perm, perm],
    outputs: [perm],
  }),
  lower({ attrs: { axis } }, l) {
    const out = l.out();
    l.emit({
      kernel: `gather_elements.${widthOf(out)}`,
      params: { axis },
      inputs: [l.in(0), l.in(1)],
      outputs: [out],
      items: product(out.shape.slice(0, -1)),
      grain: grainFor(out.shape.at(-1)!),
    });
  },
  lowers: movable,
});
