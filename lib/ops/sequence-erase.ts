/** SequenceErase (ONNX): a sequence without the item at a position, by default the last. */
import { defineOp, shapeError } from '../ir/op.js';
import { itemsOf, sequenceOf } from '../tensor/sequence.js';
import { itemAt, positionOf } from './sequences.js';

export const SequenceErase = defineOp<Record<string, never>>({
  name: 'SequenceErase',
  infer: (inputs) => [{ type: { sequence: itemAt(inputs, 0) } }],
  eval([sequence, position]) {
    const items = itemsOf(sequence);
    if (items.length === 0) shapeError('the sequence is empty');
    const last = items.length - 1;
    const at = position ? positionOf(position, items.length, last) : last;
    return [sequenceOf(items.toSpliced(at, 1))];
  },
  onnx: [{ type: 'SequenceErase', since: 11, read: () => ({}) }],
});
