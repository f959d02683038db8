/** And (ONNX): x and y. */
import * as D from '../tensor/dim.js';
import { relation } from './elementwise.js';

export const And = relation('And', (x, y) => x !== 0 && y !== 0, {
  input: 'bool',
  dim: ([x, y]) => D.mul(x!, y!),
  traits: ['commutative'],
});
