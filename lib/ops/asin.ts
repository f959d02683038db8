/** Asin (ONNX): arc sine. */
import { unary } from './elementwise.js';

export const Asin = unary('Asin', Math.asin, { flops: 16 });
