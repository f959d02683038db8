/** Tan (ONNX): tangent of x in radians. */
import { unary } from './elementwise.js';

export const Tan = unary('Tan', Math.tan, { flops: 24 });
