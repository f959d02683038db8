/** ScaledTanh (once an experimental operator of ONNX): alpha · tanh(beta · x). */
import { unaryWith } from './elementwise.js';

export const ScaledTanh = unaryWith(
  'ScaledTanh',
  (n) => ({ alpha: n.float('alpha', 1), beta: n.float('beta', 1) }),
  ({ alpha, beta }) =>
    (x) =>
      alpha * Math.tanh(beta * x),
  { flops: 20 },
);
