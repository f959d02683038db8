/** HammingWindow (ONNX), with the coefficients 25/46 and 21/46. */
import { window } from './windows.js';

export const HammingWindow = window('HammingWindow', [25 / 46, -21 / 46]);
