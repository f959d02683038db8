/** Compress (ONNX): the slices along an axis, or the elements, whose condition is true. */
import { defineOp, typeError } from '../ir/op.js';
import { sizeOf } from '../tensor/tensor.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { filled, intsOf, room } from './moving.js';
import { numbersAt } from './sizes.js';

export interface CompressAttrs {
  /** 0…rank−1; null: all elements in row-major order */
  readonly axis: number | null;
}

export const Compress = defineOp<CompressAttrs>({
  name: 'Compress',
  infer(inputs, { axis }, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (tensorAt(inputs, 1).dtype !== 'bool') typeError('the condition must be bool');
    if (axis !== null) checkAxis(axis, shape.length);
    const known = numbersAt(inputs, 1);
    const count = known ? known.filter((x) => x !== 0).length : ctx.fresh('compressed');
    return [{ type: { dtype, shape: axis === null ? [count] : shape.with(axis, count) } }];
  },
  eval([x, condition], { axis }) {
    // without an axis: one axis of all elements
    const shape = axis === null ? [x!.data.length] : x!.shape;
    const at = axis ?? 0;
    const taken = intsOf(condition)
      .slice(0, shape[at])
      .flatMap((c, i) => (c !== 0 ? [i] : []));
    const [size, inner] = [shape[at]!, sizeOf(shape.slice(at + 1))];
    const result = shape.with(at, taken.length);
    const data = room(x!, sizeOf(result));
    let to = 0;
    for (let o = 0; o < sizeOf(shape.slice(0, at)); o++)
      for (const k of taken)
        for (let i = 0; i < inner; i++) data[to++] = x!.data[(o * size + k) * inner + i];
    return [filled(x!, result, data)];
  },
  onnx: [
    {
      type: 'Compress',
      since: 9,
      read: (n) => ({ axis: n.has('axis') ? fromStart(n.int('axis'), rankAt(n, 0)) : null }),
    },
  ],
});
