/** Floor (ONNX): the greatest integer not above x. */
import { unary } from './elementwise.js';

export const Floor = unary('Floor', Math.floor, { flops: 1 });
