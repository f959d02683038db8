/** HardSwish (ONNX): x · max(0, min(1, x / 6 + 1/2)). */
import { unary } from './elementwise.js';

export const HardSwish = unary('HardSwish', (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)), {
  flops: 4,
  onnx: [{ type: 'HardSwish', since: 14, read: () => ({}) }],
});
