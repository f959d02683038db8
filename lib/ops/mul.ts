/** Mul (ONNX): x · y. */
import { type ElementOp, type NoAttrs, arithmetic } from './elementwise.js';
import * as D from '../tensor/dim.js';

export const Mul: ElementOp<NoAttrs> = arithmetic('Mul', (x, y) => x * y, {
  exact: () => (x, y) => x * y,
  dim: ([x, y]) => D.mul(x!, y!),
  traits: ['commutative'],
});
