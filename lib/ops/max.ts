/** Max (ONNX): the greater of x and y; NaN where either is. */
import { type ElementOp, type NoAttrs, arithmetic, variadic } from './elementwise.js';
import * as D from '../tensor/dim.js';

export const Max: ElementOp<NoAttrs> = arithmetic('Max', Math.max, {
  exact: () => (x, y) => (x > y ? x : y),
  dim: ([x, y]) => D.max(x!, y!),
  traits: ['commutative'],
  ordered: true,
  onnx: [variadic('Max', () => Max)],
});
