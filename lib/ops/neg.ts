/** Neg (ONNX): −x. */
import * as D from '../tensor/dim.js';
import { unary } from './elementwise.js';

export const Neg = unary('Neg', (x) => -x, {
  inputs: ['number'],
  exact: () => (x) => -x,
  dim: ([x]) => D.neg(x!),
  domains: ['f32', 'f64', 'i64'],
});
