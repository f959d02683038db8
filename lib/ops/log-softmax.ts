/** LogSoftmax (ONNX): y = x − max − ln Σ exp(x − max) along the axis. */
import { alongAxis } from './along-axis.js';

export const LogSoftmax = alongAxis('LogSoftmax', 'log_softmax', (x) => {
  const max = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const log = Math.log(x.reduce((sum, v) => sum + Math.exp(v - max), 0));
  return x.map((v) => v - max - log);
});
