/** ArgMin (ONNX). */
import { argReduction } from './arg-reduction.js';

export const ArgMin = argReduction('ArgMin', 'arg_min', (a, b) => a < b);
