/** Asinh (ONNX): inverse hyperbolic sine. */
import { unary } from './elementwise.js';

export const Asinh = unary('Asinh', Math.asinh, { flops: 30 });
