/** Sin (ONNX): sine of x in radians. */
import { unary } from './elementwise.js';

export const Sin = unary('Sin', Math.sin, { flops: 20 });
