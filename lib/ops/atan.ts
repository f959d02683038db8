/** Atan (ONNX): arc tangent. */
import { unary } from './elementwise.js';

export const Atan = unary('Atan', Math.atan, { flops: 16 });
