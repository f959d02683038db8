/** ThresholdedRelu (ONNX): x where x > alpha, else 0. */
import { unaryWith } from './elementwise.js';

export const ThresholdedRelu = unaryWith(
  'ThresholdedRelu',
  (n) => ({ alpha: n.float('alpha', 1) }),
  ({ alpha }) =>
    (x) =>
      x > alpha ? x : 0,
  { flops: 1 },
);
