/** LeakyRelu (ONNX): x, or alpha · x where x < 0. */
import { unaryWith } from './elementwise.js';

export const LeakyRelu = unaryWith(
  'LeakyRelu',
  (n) => ({ alpha: n.float('alpha', 0.01) }),
  ({ alpha }) =>
    (x) =>
      x < 0 ? alpha * x : x,
  { flops: 2 },
);
