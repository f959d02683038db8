/** Add (ONNX): x + y. */
import { type ElementOp, type NoAttrs, arithmetic, broadcasting, variadic } from './elementwise.js';
import * as D from '../tensor/dim.js';

export const Add: ElementOp<NoAttrs> = arithmetic('Add', (x, y) => x + y, {
  exact: () => (x, y) => x + y,
  dim: ([x, y]) => D.add(x!, y!),
  traits: ['commutative'],
  onnx: [...broadcasting('Add', () => Add), variadic('Sum', () => Add)],
});
