/** Log (ONNX): natural logarithm. */
import { unary } from './elementwise.js';

export const Log = unary('Log', Math.log, { flops: 16 });
