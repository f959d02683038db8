/** Flatten (ONNX): two axes, the product of those before `axis` and of those from it on. */
import { shapeOf } from '../ir/graph.js';
import { defineOp, shapeError } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { fromStart, rankAt, tensorAt } from './facts.js';
import { movable } from './moving.js';
import { reshapeOperand } from './regroup.js';
import { lowerReshaped } from './reshape.js';

export interface FlattenAttrs {
  /** 0…rank */
  readonly axis: number;
}

export const Flatten = defineOp<FlattenAttrs>({
  name: 'Flatten',
  infer(inputs, { axis }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (axis < 0 || axis > shape.length) shapeError(`axis ${axis} is outside of 0…${shape.length}`);
    return [
      { type: { dtype, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] } },
    ];
  },
  eval([x], { axis }) {
    return [{ ...x!, shape: [sizeOf(x!.shape.slice(0, axis)), sizeOf(x!.shape.slice(axis))] }];
  },
  moves: [0],
  onnx: [
    {
      type: 'Flatten',
      since: 1,
      read: (n) => ({ axis: fromStart(n.int('axis', 1), rankAt(n, 0)) }),
    },
  ],
  view: (node, source) => [reshapeOperand(source, shapeOf(node.outputs[0]!))],
  permute({ attrs: { axis }, inputs: [x] }, _from, perm) {
    // passes only where it moves nothing but axes of size 1
    const long = (i: number): boolean => shapeOf(x!)[i] !== 1;
    const before = perm.map((_, i) => i).filter(long);
    const after = perm.map((_, z) => perm.indexOf(z)).filter(long);
    if (before.some((i, k) => i !== after[k])) return null;
    const first = before.find((i) => i >= axis);
    const moved = first === undefined ? perm.length : perm[first]!;
    return { attrs: { axis: moved }, inputs: [perm], outputs: [[0, 1]] };
  },
  lower: (_, l) => lowerReshaped(l),
  lowers: movable,
});
