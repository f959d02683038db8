/** ReduceLogSumExp (ONNX): ln Σ exp(x) over some axes, computed as max + ln Σ exp(x − max). */
import { reduction } from './reduction.js';

export const ReduceLogSumExp = reduction({
  name: 'ReduceLogSumExp',
  kernel: 'reduce_log_sum_exp',
  fold(x) {
    const max = x.reduce((a, b) => Math.max(a, b), -Infinity);
    // an infinite maximum is not subtracted: ∞ − ∞ is no number
    const shift = Number.isFinite(max) ? max : 0;
    return shift + Math.log(x.reduce((sum, v) => sum + Math.exp(v - shift), 0));
  },
  native: ['float32'],
  axesInput: 18,
});
