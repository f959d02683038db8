/** Size (ONNX): the number of elements as an int64 scalar. */
import { defineOp } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { fromNumbers, sizeOf } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

export const Size = defineOp<Record<string, never>>({
  name: 'Size',
  infer(inputs) {
    tensorAt(inputs, 0);
    return [{ type: { dtype: 'int64', shape: [] } }];
  },
  eval: ([x]) => [fromNumbers('int64', [], [sizeOf(x!.shape)])],
  values: (inputs) => [[product(tensorAt(inputs, 0).shape)]],
  onnx: [{ type: 'Size', since: 1, read: () => ({}) }],
});
