/** Acosh (ONNX): inverse hyperbolic cosine. */
import { unary } from './elementwise.js';

export const Acosh = unary('Acosh', Math.acosh, { flops: 28 });
