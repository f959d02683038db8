/** Sub (ONNX): x − y. */
import { type ElementOp, type NoAttrs, arithmetic } from './elementwise.js';
import * as D from '../tensor/dim.js';

export const Sub: ElementOp<NoAttrs> = arithmetic('Sub', (x, y) => x - y, {
  exact: () => (x, y) => x - y,
  dim: ([x, y]) => D.sub(x!, y!),
});
