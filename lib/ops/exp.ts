/** Exp (ONNX): e^x. */
import { unary } from './elementwise.js';

export const Exp = unary('Exp', Math.exp, { flops: 12 });
