/** LessOrEqual (ONNX): x ≤ y. */
import * as D from '../tensor/dim.js';
import { relation } from './elementwise.js';

export const LessOrEqual = relation('LessOrEqual', (x, y) => x <= y, {
  dim: ([x, y]) => D.sub(1, D.lt(y!, x!)),
  ordered: true,
  onnx: [{ type: 'LessOrEqual', since: 12, read: () => ({}) }],
});
