/** Sign (ONNX): −1, 0 or 1; NaN stays. */
import * as D from '../tensor/dim.js';
import { unary } from './elementwise.js';

export const Sign = unary('Sign', Math.sign, {
  inputs: ['number'],
  exact: () => (x) => (x < 0n ? -1n : x > 0n ? 1n : 0n),
  dim: ([x]) => D.sub(D.lt(0, x!), D.lt(x!, 0)),
  domains: ['f32', 'f64', 'i64'],
  ordered: true,
  onnx: [{ type: 'Sign', since: 9, read: () => ({}) }],
});
