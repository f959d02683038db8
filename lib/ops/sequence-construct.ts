/** SequenceConstruct (ONNX): the inputs as a sequence. */
import { defineOp } from '../ir/op.js';
import { sequenceOf } from '../tensor/sequence.js';
import type { Type } from '../ir/graph.js';
import { tensorAt } from './facts.js';
import { joinItems } from './sequences.js';

export const SequenceConstruct = defineOp<Record<string, never>>({
  name: 'SequenceConstruct',
  infer(inputs) {
    const types = inputs.map((_, i): Type => tensorAt(inputs, i));
    return [{ type: { sequence: types.reduce(joinItems, types[0] ?? tensorAt(inputs, 0)) } }];
  },
  eval: (inputs) => [sequenceOf(inputs.map((t) => t!))],
  onnx: [{ type: 'SequenceConstruct', since: 11, read: () => ({}) }],
});
