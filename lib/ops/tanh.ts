/** Tanh (ONNX): hyperbolic tangent. */
import { unary } from './elementwise.js';

export const Tanh = unary('Tanh', Math.tanh, { flops: 18 });
