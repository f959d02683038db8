/** Atanh (ONNX): inverse hyperbolic tangent. */
import { unary } from './elementwise.js';

export const Atanh = unary('Atanh', Math.atanh, { flops: 28 });
