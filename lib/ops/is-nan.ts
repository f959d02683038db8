/** IsNaN (ONNX): true where x is NaN. */
import { unary } from './elementwise.js';

export const IsNaN = unary('IsNaN', (x) => Number(Number.isNaN(x)), {
  kernel: 'is_nan',
  result: () => 'bool',
  onnx: [{ type: 'IsNaN', since: 9, read: () => ({}) }],
});
