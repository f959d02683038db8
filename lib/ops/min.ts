/** Min (ONNX): the lesser of x and y; NaN where either is. */
import { type ElementOp, type NoAttrs, arithmetic, variadic } from './elementwise.js';
import * as D from '../tensor/dim.js';

export const Min: ElementOp<NoAttrs> = arithmetic('Min', Math.min, {
  exact: () => (x, y) => (x < y ? x : y),
  dim: ([x, y]) => D.min(x!, y!),
  traits: ['commutative'],
  ordered: true,
  onnx: [variadic('Min', () => Min)],
});
