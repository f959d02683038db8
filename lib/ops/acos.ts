/** Acos (ONNX): arc cosine. */
import { unary } from './elementwise.js';

export const Acos = unary('Acos', Math.acos, { flops: 16 });
