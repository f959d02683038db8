/** ReduceMax (ONNX): the largest x over some axes. */
import * as D from '../tensor/dim.js';
import { reduction } from './reduction.js';

export const ReduceMax = reduction({
  name: 'ReduceMax',
  kernel: 'reduce_max',
  fold: (x) => x.reduce((a, b) => (a > b || Number.isNaN(a) ? a : b), -Infinity),
  dims: (x) => x.reduce(D.max),
  nests: true,
  native: ['float32', 'int64', 'int32'],
  axesInput: 18,
  pool: 'GlobalMaxPool',
});
