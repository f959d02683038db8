/** ArgMax (ONNX). */
import { argReduction } from './arg-reduction.js';

export const ArgMax = argReduction('ArgMax', 'arg_max', (a, b) => a > b);
