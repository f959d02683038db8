/** BlackmanWindow (ONNX): 0.42 − 0.5·cos + 0.08·cos 2. */
import { window } from './windows.js';

export const BlackmanWindow = window('BlackmanWindow', [0.42, -0.5, 0.08]);
