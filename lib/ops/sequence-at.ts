/** SequenceAt (ONNX): the item at a position. */
import { defineOp } from '../ir/op.js';
import { itemsOf } from '../tensor/sequence.js';
import { itemAt, oneItem, positionOf } from './sequences.js';

export const SequenceAt = defineOp<Record<string, never>>({
  name: 'SequenceAt',
  infer: (inputs, _, ctx) => [{ type: oneItem(itemAt(inputs, 0), ctx) }],
  eval([sequence, position]) {
    const items = itemsOf(sequence);
    return [items[positionOf(position!, items.length, items.length - 1)]!];
  },
  onnx: [{ type: 'SequenceAt', since: 11, read: () => ({}) }],
});
