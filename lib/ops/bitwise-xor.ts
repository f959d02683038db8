/** BitwiseXor (ONNX): x xor y, bit by bit. */
import { arithmetic } from './elementwise.js';

export const BitwiseXor = arithmetic('BitwiseXor', (x, y) => x ^ y, {
  inputs: ['integer', 'integer'],
  exact: () => (x, y) => x ^ y,
  domains: ['i64'],
  traits: ['commutative'],
  onnx: [{ type: 'BitwiseXor', since: 18, read: () => ({}) }],
});
