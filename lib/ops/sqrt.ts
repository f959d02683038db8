/** Sqrt (ONNX): square root. */
import { unary } from './elementwise.js';

export const Sqrt = unary('Sqrt', Math.sqrt, { flops: 4 });
