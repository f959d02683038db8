/** BitwiseOr (ONNX): x or y, bit by bit. */
import { arithmetic } from './elementwise.js';

export const BitwiseOr = arithmetic('BitwiseOr', (x, y) => x | y, {
  inputs: ['integer', 'integer'],
  exact: () => (x, y) => x | y,
  domains: ['i64'],
  traits: ['commutative'],
  onnx: [{ type: 'BitwiseOr', since: 18, read: () => ({}) }],
});
