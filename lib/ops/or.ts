/** Or (ONNX): x or y. */
import * as D from '../tensor/dim.js';
import { relation } from './elementwise.js';

export const Or = relation('Or', (x, y) => x !== 0 || y !== 0, {
  input: 'bool',
  dim: ([x, y]) => D.max(x!, y!),
  traits: ['commutative'],
});
