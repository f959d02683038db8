/** Mish (ONNX): x · tanh(softplus(x)). */
import { unary } from './elementwise.js';
import { softplus } from './softplus.js';

export const Mish = unary('Mish', (x) => x * Math.tanh(softplus(x)), {
  flops: 20,
  onnx: [{ type: 'Mish', since: 18, read: () => ({}) }],
});
