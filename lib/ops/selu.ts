/** Selu (ONNX): gamma · x, or gamma · alpha · (e^x − 1) where x < 0. */
import { unaryWith } from './elementwise.js';

export const Selu = unaryWith(
  'Selu',
  (n) => ({
    alpha: n.float('alpha', 1.6732632423543772),
    gamma: n.float('gamma', 1.0507009873554805),
  }),
  ({ alpha, gamma }) =>
    (x) =>
      gamma * (x < 0 ? alpha * Math.expm1(x) : x),
  { flops: 17 },
);
