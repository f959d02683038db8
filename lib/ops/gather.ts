/** Gather (ONNX): out[…, i…, …] = x[…, indices[i…], …] along one axis. */
import { type Node, shapeOf } from '../ir/graph.js';
import { apply } from '../ir/build.js';
import { type OpDef, defineOp } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { grainFor } from './effort.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { checkIndices, indexAt, indexed } from './indices.js';
import { copyTo, filled, intsOf, movable, room, widthOf } from './moving.js';
import { numbersAt, knownIn } from './sizes.js';
import { seenAs, writtenAs } from './regroup.js';

export interface GatherAttrs {
  /** 0…rank−1 */
  readonly axis: number;
}

/** The part of x that a single known index takes, or null. */
function taken(node: Node<GatherAttrs>, x: Operand): Operand | null {
  const { axis } = node.attrs;
  const index = knownIn(node, 1);
  const shape = shapeOf(node.outputs[0]!);
  const rank = shapeOf(node.inputs[1]!).length;
  if (index?.length !== 1 || x.shape[axis] === 0) return null;
  const at = D.select(D.lt(index[0]!, 0), D.add(index[0]!, x.shape[axis]!), index[0]!);
  const strides = [...x.strides];
  strides.splice(axis, 1, ...new Array<Dim>(rank).fill(0));
  return { ...x, shape, strides, offset: D.add(x.offset, D.mul(at, x.strides[axis]!)) };
}

export const Gather: OpDef<GatherAttrs> = defineOp<GatherAttrs>({
  name: 'Gather',
  infer(inputs, { axis }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const indices = indexAt(inputs, 1);
    checkAxis(axis, shape.length);
    checkIndices(numbersAt(inputs, 1), shape[axis]!);
    return [{ type: { dtype, shape: shape.toSpliced(axis, 1, ...indices.shape) } }];
  },
  eval([x, indices], { axis }) {
    const shape = x!.shape.toSpliced(axis, 1, ...indices!.shape);
    const data = room(x!, sizeOf(shape));
    const [size, inner] = [x!.shape[axis]!, sizeOf(x!.shape.slice(axis + 1))];
    const list = intsOf(indices);
    let at = 0;
    for (let o = 0; o < sizeOf(x!.shape.slice(0, axis)); o++)
      for (const index of list) {
        const from = (o * size + indexed(index, size)) * inner;
        for (let i = 0; i < inner; i++) data[at++] = x!.data[from + i];
      }
    return [filled(x!, shape, data)];
  },
  moves: [0],
  onnx: [
    {
      type: 'Gather',
      since: 1,
      read: (n) => ({ axis: fromStart(n.int('axis', 0), rankAt(n, 0)) }),
    },
    {
      // where padding stands and how gradients are scaled matters to training only
      type: 'TorchEmbedding',
      since: 1,
      domain: 'com.microsoft',
      build: ({ inputs: [x, indices] }) => [apply(Gather, { axis: 0 }, [x!, indices!])],
    },
  ],
  view(node, source) {
    const part = taken(node, source);
    return part && [part];
  },
  permute({ attrs: { axis }, inputs }, from, perm) {
    if (from !== 0) return null;
    // the axes of the indices stay together, where their axis of the data is now
    const extra = shapeOf(inputs[1]!).length - 1;
    const moved = perm[axis]!;
    const place = (z: number): number => (z > moved ? z + extra : z);
    const output = perm.flatMap((z, i) =>
      i === axis ? Array.from({ length: extra + 1 }, (_, k) => moved + k) : [place(z)],
    );
    return { attrs: { axis: moved }, inputs: [perm, null], outputs: [output] };
  },
  lower(node, l) {
    const { axis } = node.attrs;
    const x = l.in(0);
    const part = taken(node, x);
    if (part) return copyTo(l, part, l.out());
    const count = product(shapeOf(node.inputs[1]!));
    const outer = product(x.shape.slice(0, axis));
    const inner = product(x.shape.slice(axis + 1));
    const data = seenAs(l, x, [outer, x.shape[axis]!, inner]);
    const indices = seenAs(l, l.in(1), [count]);
    writtenAs(l, l.out(), [outer, count, inner], (out) =>
      l.emit({
        kernel: `gather.${widthOf(out)}`,
        params: {},
        inputs: [data, indices],
        outputs: [out],
        items: D.mul(outer, count),
        grain: grainFor(inner),
      }),
    );
  },
  lowers: movable,
});
