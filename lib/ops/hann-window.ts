/** HannWindow (ONNX): ½ − ½·cos. */
import { window } from './windows.js';

export const HannWindow = window('HannWindow', [0.5, -0.5]);
