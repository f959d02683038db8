/** Reciprocal (ONNX): 1 / x. */
import { unary } from './elementwise.js';

export const Reciprocal = unary('Reciprocal', (x) => 1 / x, { flops: 4 });
