/** Relu (ONNX): max(x, 0). */
import * as D from '../tensor/dim.js';
import { unary } from './elementwise.js';

export const Relu = unary('Relu', (x) => (x < 0 ? 0 : x), {
  inputs: ['number'],
  exact: () => (x) => (x < 0n ? 0n : x),
  dim: ([x]) => D.max(x!, 0),
  domains: ['f32', 'f64', 'i64'],
  ordered: true,
});
