/** Cosh (ONNX): hyperbolic cosine. */
import { unary } from './elementwise.js';

export const Cosh = unary('Cosh', Math.cosh, { flops: 26 });
