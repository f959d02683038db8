/** Greater (ONNX): x > y. */
import * as D from '../tensor/dim.js';
import { relation } from './elementwise.js';

export const Greater = relation('Greater', (x, y) => x > y, {
  dim: ([x, y]) => D.lt(y!, x!),
  ordered: true,
});
