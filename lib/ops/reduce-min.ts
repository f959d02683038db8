/** ReduceMin (ONNX): the smallest x over some axes. */
import * as D from '../tensor/dim.js';
import { reduction } from './reduction.js';

export const ReduceMin = reduction({
  name: 'ReduceMin',
  kernel: 'reduce_min',
  fold: (x) => x.reduce((a, b) => (a < b || Number.isNaN(a) ? a : b), Infinity),
  dims: (x) => x.reduce(D.min),
  nests: true,
  native: ['float32', 'int64', 'int32'],
  axesInput: 18,
});
