/** ReduceSumSquare (ONNX): Σ x² over some axes. */
import { reduction } from './reduction.js';

export const ReduceSumSquare = reduction({
  name: 'ReduceSumSquare',
  kernel: 'reduce_sum_square',
  fold: (x) => x.reduce((a, b) => a + b * b, 0),
  native: ['float32'],
  axesInput: 18,
});
