/** Ceil (ONNX): the least integer not below x. */
import { unary } from './elementwise.js';

export const Ceil = unary('Ceil', Math.ceil, { flops: 1 });
