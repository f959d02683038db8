/** Less (ONNX): x < y. */
import * as D from '../tensor/dim.js';
import { relation } from './elementwise.js';

export const Less = relation('Less', (x, y) => x < y, {
  dim: ([x, y]) => D.lt(x!, y!),
  ordered: true,
});
