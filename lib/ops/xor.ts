/** Xor (ONNX): either x or y. */
import * as D from '../tensor/dim.js';
import { relation } from './elementwise.js';

export const Xor = relation('Xor', (x, y) => x !== y, {
  input: 'bool',
  dim: ([x, y]) => D.sub(1, D.eq(x!, y!)),
  traits: ['commutative'],
});
