/** ReduceL1 (ONNX): Σ |x| over some axes. */
import { reduction } from './reduction.js';

export const ReduceL1 = reduction({
  name: 'ReduceL1',
  kernel: 'reduce_l1',
  fold: (x) => x.reduce((a, b) => a + Math.abs(b), 0),
  native: ['float32'],
  axesInput: 18,
});
