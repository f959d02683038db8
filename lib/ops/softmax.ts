/** Softmax (ONNX): y = exp(x − max) / Σ exp(x − max) along the axis. */
import { alongAxis } from './along-axis.js';

export const Softmax = alongAxis('Softmax', 'softmax', (x) => {
  const max = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = x.map((v) => Math.exp(v - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
});
