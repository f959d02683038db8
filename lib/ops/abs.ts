/** Abs (ONNX): |x|. */
import * as D from '../tensor/dim.js';
import { unary } from './elementwise.js';

export const Abs = unary('Abs', Math.abs, {
  inputs: ['number'],
  exact: () => (x) => (x < 0n ? -x : x),
  dim: ([x]) => D.max(x!, D.neg(x!)),
  domains: ['f32', 'f64', 'i64'],
  ordered: true,
});
