/** ReduceMean (ONNX): Σ x / n over some axes. */
import { reduction } from './reduction.js';

export const ReduceMean = reduction({
  name: 'ReduceMean',
  kernel: 'reduce_mean',
  fold: (x) => x.reduce((a, b) => a + b, 0) / x.length,
  native: ['float32'],
  axesInput: 18,
  pool: 'GlobalAveragePool',
});
