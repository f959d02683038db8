/** OneHot (ONNX): a new axis of `depth` elements, `on` at the index and `off` elsewhere. */
import { dtypeOf, shapeOf } from '../ir/graph.js';
import { defineOp, shapeError } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { sizeOf, toNumbers } from '../tensor/tensor.js';
import { grainFor } from './effort.js';
import { checkAxis, checkSize, fromStart, numericAt, rankAt, tensorAt } from './facts.js';
import { filled, intsOf, movable, room, widthOf } from './moving.js';
import { seenAs, writtenAs } from './regroup.js';
import { knownAt } from './sizes.js';
import * as D from '../tensor/dim.js';

/** Inputs: indices, depth, [off, on]. Indices outside of −depth…depth−1 give only `off`. */
export interface OneHotAttrs {
  /** place of the new axis in the output, 0…rank of the indices */
  readonly axis: number;
}

export const OneHot = defineOp<OneHotAttrs>({
  name: 'OneHot',
  infer(inputs, { axis }, ctx) {
    const { shape } = numericAt(inputs, 0);
    const values = tensorAt(inputs, 2);
    checkAxis(axis, shape.length + 1);
    checkSize('values', values.shape[0], 2);
    const depth =
      tensorAt(inputs, 1).shape.length > 1
        ? shapeError('depth must be one number')
        : knownAt(inputs, 1);
    const size = depth?.[0] ?? ctx.fresh('depth');
    return [{ type: { dtype: values.dtype, shape: shape.toSpliced(axis, 0, size) } }];
  },
  eval([indices, depth, values], { axis }) {
    const n = Math.trunc(toNumbers(depth!)[0]!);
    const shape = indices!.shape.toSpliced(axis, 0, n);
    const [off, on] = [values!.data[0], values!.data[1]];
    const inner = sizeOf(indices!.shape.slice(axis));
    const data = room(values!, sizeOf(shape)).fill(off);
    intsOf(indices).forEach((index, k) => {
      const at = index < 0 ? index + n : index;
      if (at >= 0 && at < n)
        data[(Math.floor(k / inner) * n + Math.trunc(at)) * inner + (k % inner)] = on;
    });
    return [filled(values!, shape, data)];
  },
  onnx: [
    {
      type: 'OneHot',
      since: 9,
      read: (n) => ({ axis: fromStart(n.int('axis', -1), rankAt(n, 0) + 1) }),
    },
  ],
  lower({ attrs: { axis } }, l) {
    const [indices, out] = [l.in(0), l.out()];
    const outer = product(indices.shape.slice(0, axis));
    const inner = product(indices.shape.slice(axis));
    const depth = out.shape[axis]!;
    const places = seenAs(l, indices, [outer, inner]);
    writtenAs(l, out, [outer, depth, inner], (to) =>
      l.emit({
        kernel: `one_hot.${widthOf(to)}`,
        params: {},
        inputs: [places, l.in(2)],
        outputs: [to],
        items: outer,
        grain: grainFor(D.mul(depth, inner)),
      }),
    );
  },
  lowers: (node) =>
    movable(node) &&
    ['int32', 'int64'].includes(dtypeOf(node.inputs[0]!)) &&
    shapeOf(node.inputs[2]!).length === 1,
});
