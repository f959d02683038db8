/** Round (ONNX): to the nearest integer, halves to even. */
import { unary } from './elementwise.js';

export const roundEven = (x: number): number =>
  Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);

export const Round = unary('Round', roundEven);
