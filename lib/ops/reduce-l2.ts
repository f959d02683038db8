/** ReduceL2 (ONNX): √Σ x² over some axes. */
import { reduction } from './reduction.js';

export const ReduceL2 = reduction({
  name: 'ReduceL2',
  kernel: 'reduce_l2',
  fold: (x) => Math.sqrt(x.reduce((a, b) => a + b * b, 0)),
  native: ['float32'],
  axesInput: 18,
});
