/** BitwiseNot (ONNX): all bits of x turned. */
import { unary } from './elementwise.js';

export const BitwiseNot = unary('BitwiseNot', (x) => ~x, {
  inputs: ['integer'],
  exact: () => (x) => ~x,
  domains: ['i64'],
  onnx: [{ type: 'BitwiseNot', since: 18, read: () => ({}) }],
});
