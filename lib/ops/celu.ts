/** Celu (ONNX): x, or alpha · (e^(x/alpha) − 1) where x < 0. */
import { unaryWith } from './elementwise.js';

export const Celu = unaryWith(
  'Celu',
  (n) => ({ alpha: n.float('alpha', 1) }),
  ({ alpha }) =>
    (x) =>
      x < 0 ? alpha * Math.expm1(x / alpha) : x,
  { flops: 20 },
);
