/** ConcatFromSequence (ONNX): the items side by side along an axis, or along a new one. */
import { isTensorType } from '../ir/graph.js';
import { defineOp, shapeError, typeError } from '../ir/op.js';
import { itemsOf } from '../tensor/sequence.js';
import { sameShape } from '../tensor/shape.js';
import { stack } from './bodies.js';
import { Concat } from './concat.js';
import { checkAxis, fromStart } from './facts.js';
import { itemAt, oneItem } from './sequences.js';

export interface ConcatFromSequenceAttrs {
  /** may be negative */
  readonly axis: number;
  readonly newAxis: boolean;
}

export const ConcatFromSequence = defineOp<ConcatFromSequenceAttrs>({
  name: 'ConcatFromSequence',
  infer(inputs, { axis, newAxis }, ctx) {
    const item = oneItem(itemAt(inputs, 0), ctx);
    if (!isTensorType(item)) typeError('the items must be tensors');
    const { dtype, shape } = item;
    const rank = shape.length + (newAxis ? 1 : 0);
    const at = fromStart(axis, rank);
    checkAxis(at, rank);
    const size = ctx.fresh('items');
    return [{ type: { dtype, shape: shape.toSpliced(at, newAxis ? 0 : 1, size) } }];
  },
  eval([sequence], { axis, newAxis }) {
    const items = itemsOf(sequence);
    const first = items[0] ?? shapeError('the sequence is empty');
    const at = fromStart(axis, first.shape.length + (newAxis ? 1 : 0));
    if (newAxis) return [stack(items, at, first)];
    const rest = (shape: readonly number[]): number[] => shape.toSpliced(at, 1);
    for (const { shape } of items)
      if (!sameShape(rest(shape), rest(first.shape)))
        shapeError(`items of [${first.shape.join()}] and [${shape.join()}] along axis ${at}`);
    return Concat.eval!(items, { axis: at });
  },
  onnx: [
    {
      type: 'ConcatFromSequence',
      since: 11,
      read: (n) => ({ axis: n.int('axis'), newAxis: n.int('new_axis', 0) !== 0 }),
    },
  ],
});
