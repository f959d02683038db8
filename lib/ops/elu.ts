/** Elu (ONNX): x, or alpha · (e^x − 1) where x < 0. */
import { unaryWith } from './elementwise.js';

export const Elu = unaryWith(
  'Elu',
  (n) => ({ alpha: n.float('alpha', 1) }),
  ({ alpha }) =>
    (x) =>
      x < 0 ? alpha * Math.expm1(x) : x,
  { flops: 16 },
);
