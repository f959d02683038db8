/** Shrink (ONNX): x + bias where x < −lambd, x − bias where x > lambd, else 0. */
import { unaryWith } from './elementwise.js';

export const Shrink = unaryWith(
  'Shrink',
  (n) => ({ lambd: n.float('lambd', 0.5), bias: n.float('bias', 0) }),
  ({ lambd, bias }) =>
    (x) =>
      x < -lambd ? x + bias : x > lambd ? x - bias : 0,
  { inputs: ['number'], flops: 3 },
);
