/** Sinh (ONNX): hyperbolic sine. */
import { unary } from './elementwise.js';

export const Sinh = unary('Sinh', Math.sinh, { flops: 28 });
