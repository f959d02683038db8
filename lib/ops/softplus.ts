/** Softplus (ONNX): log(1 + e^x). */
import { unary } from './elementwise.js';

export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export const Softplus = unary('Softplus', softplus, { flops: 36 });
