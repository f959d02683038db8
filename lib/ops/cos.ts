/** Cos (ONNX): cosine of x in radians. */
import { unary } from './elementwise.js';

export const Cos = unary('Cos', Math.cos, { flops: 20 });
