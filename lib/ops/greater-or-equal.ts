/** GreaterOrEqual (ONNX): x ≥ y. */
import * as D from '../tensor/dim.js';
import { relation } from './elementwise.js';

export const GreaterOrEqual = relation('GreaterOrEqual', (x, y) => x >= y, {
  dim: ([x, y]) => D.sub(1, D.lt(x!, y!)),
  ordered: true,
  onnx: [{ type: 'GreaterOrEqual', since: 12, read: () => ({}) }],
});
