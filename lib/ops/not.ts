/** Not (ONNX): true where x is false. */
import * as D from '../tensor/dim.js';
import { unary } from './elementwise.js';

export const Not = unary('Not', (x) => 1 - x, {
  inputs: ['bool'],
  dim: ([x]) => D.sub(1, x!),
  domains: ['f32', 'f64', 'i64'],
});
