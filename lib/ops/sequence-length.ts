/** SequenceLength (ONNX): the number of items. */
import { defineOp } from '../ir/op.js';
import { itemsOf } from '../tensor/sequence.js';
import { fromNumbers } from '../tensor/tensor.js';
import { itemAt } from './sequences.js';

export const SequenceLength = defineOp<Record<string, never>>({
  name: 'SequenceLength',
  infer(inputs) {
    itemAt(inputs, 0);
    return [{ type: { dtype: 'int64', shape: [] } }];
  },
  eval: ([sequence]) => [fromNumbers('int64', [], [itemsOf(sequence).length])],
  onnx: [{ type: 'SequenceLength', since: 11, read: () => ({}) }],
});
