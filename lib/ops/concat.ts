/** Concat (ONNX): inputs side by side along one axis. */
import { type Node, shapeOf } from '../ir/graph.js';
import { defineOp, shapeError, typeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { formatShape } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { copyTo, filled, movable, room } from './moving.js';

export interface ConcatAttrs {
  /** 0…rank−1 */
  readonly axis: number;
}

/** The part of `out` that each input is. */
function partsOf(node: Node<ConcatAttrs>, out: Operand): Operand[] {
  const { axis } = node.attrs;
  let start: Dim = 0;
  return node.inputs.map((v) => {
    const shape = shapeOf(v!);
    const offset = D.add(out.offset, D.mul(start, out.strides[axis]!));
    start = D.add(start, shape[axis]!);
    return { ...out, shape, offset };
  });
}

export const Concat = defineOp<ConcatAttrs>({
  name: 'Concat',
  infer(inputs, { axis }) {
    const types = inputs.map((_, i) => tensorAt(inputs, i));
    const [first] = types;
    if (!first) typeError('no input');
    checkAxis(axis, first.shape.length);
    const shape = [...first.shape];
    for (const t of types.slice(1)) {
      if (t.dtype !== first.dtype) typeError(`inputs are ${first.dtype} and ${t.dtype}`);
      if (t.shape.length !== shape.length)
        shapeError(`inputs of ranks ${shape.length} and ${t.shape.length}`);
      t.shape.forEach((d, i) => {
        if (i === axis) shape[i] = D.add(shape[i]!, d);
        else if (typeof shape[i] !== 'number')
          shape[i] = d; // a number says more than a symbol
        else if (typeof d === 'number' && d !== shape[i])
          shapeError(`${formatShape(first.shape)} and ${formatShape(t.shape)} differ in axis ${i}`);
      });
    }
    return [{ type: { dtype: first.dtype, shape } }];
  },
  eval(inputs, { axis }) {
    const tensors = inputs.map((t) => t!);
    const first = tensors[0]!;
    const shape = first.shape.with(
      axis,
      tensors.reduce((sum, t) => sum + t.shape[axis]!, 0),
    );
    const data = room(first, sizeOf(shape));
    const outer = sizeOf(shape.slice(0, axis));
    let at = 0;
    for (let o = 0; o < outer; o++)
      for (const t of tensors) {
        const run = t.data.length / outer;
        for (let i = 0; i < run; i++) data[at++] = t.data[o * run + i];
      }
    return [filled(first, shape, data)];
  },
  moves: [-1],
  onnx: [
    {
      type: 'Concat',
      since: 1,
      read: (n) => ({ axis: fromStart(n.int('axis', 1), rankAt(n, 0)) }),
    },
    { type: 'Concat', since: 4, read: (n) => ({ axis: fromStart(n.int('axis'), rankAt(n, 0)) }) },
  ],
  parts: partsOf,
  permute: ({ attrs, inputs }, _from, perm) => ({
    attrs: { axis: perm[attrs.axis]! },
    inputs: inputs.map(() => perm),
    outputs: [perm],
  }),
  lower: (node, l) => partsOf(node, l.out()).forEach((part, i) => copyTo(l, l.in(i), part)),
  lowers: movable,
});
