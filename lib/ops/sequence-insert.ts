/** SequenceInsert (ONNX): a sequence with one more item, before a position or at the end. */
import { defineOp } from '../ir/op.js';
import { itemsOf, sequenceOf } from '../tensor/sequence.js';
import { tensorAt } from './facts.js';
import { itemAt, joinItems, positionOf } from './sequences.js';

export const SequenceInsert = defineOp<Record<string, never>>({
  name: 'SequenceInsert',
  infer: (inputs) => [{ type: { sequence: joinItems(itemAt(inputs, 0), tensorAt(inputs, 1)) } }],
  eval([sequence, item, position]) {
    const items = itemsOf(sequence);
    const at = position ? positionOf(position, items.length, items.length) : items.length;
    return [sequenceOf(items.toSpliced(at, 0, item!))];
  },
  onnx: [{ type: 'SequenceInsert', since: 11, read: () => ({}) }],
});
