/** Softsign (ONNX): x / (1 + |x|). */
import { unary } from './elementwise.js';

export const Softsign = unary('Softsign', (x) => x / (1 + Math.abs(x)), { flops: 6 });
