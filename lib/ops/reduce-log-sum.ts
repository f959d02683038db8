/** ReduceLogSum (ONNX): ln Σ x over some axes. */
import { reduction } from './reduction.js';

export const ReduceLogSum = reduction({
  name: 'ReduceLogSum',
  kernel: 'reduce_log_sum',
  fold: (x) => Math.log(x.reduce((a, b) => a + b, 0)),
  native: ['float32'],
  axesInput: 18,
});
