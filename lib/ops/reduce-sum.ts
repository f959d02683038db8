/** ReduceSum (ONNX): Σ x over some axes. */
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { reduction } from './reduction.js';

export const ReduceSum = reduction({
  name: 'ReduceSum',
  kernel: 'reduce_sum',
  fold: (x) => x.reduce((a, b) => a + b, 0),
  dims: (x) => x.reduce<Dim>(D.add, 0),
  nests: true,
  native: ['float32', 'int64', 'int32'],
  axesInput: 13,
});
