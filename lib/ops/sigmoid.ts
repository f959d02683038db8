/** Sigmoid (ONNX): 1 / (1 + e^−x). */
import { unary } from './elementwise.js';

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const Sigmoid = unary('Sigmoid', sigmoid, { flops: 16 });
