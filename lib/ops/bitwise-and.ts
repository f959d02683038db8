/** BitwiseAnd (ONNX): x and y, bit by bit. */
import { arithmetic } from './elementwise.js';

export const BitwiseAnd = arithmetic('BitwiseAnd', (x, y) => x & y, {
  inputs: ['integer', 'integer'],
  exact: () => (x, y) => x & y,
  domains: ['i64'],
  traits: ['commutative'],
  onnx: [{ type: 'BitwiseAnd', since: 18, read: () => ({}) }],
});
