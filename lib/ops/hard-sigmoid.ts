/** HardSigmoid (ONNX): clamp(alpha · x + beta, 0, 1). */
import { unaryWith } from './elementwise.js';

export const HardSigmoid = unaryWith(
  'HardSigmoid',
  (n) => ({ alpha: n.float('alpha', 0.2), beta: n.float('beta', 0.5) }),
  ({ alpha, beta }) =>
    (x) =>
      Math.max(0, Math.min(1, alpha * x + beta)),
  { flops: 4 },
);
