/** Views in the form the passes use: all sizes given, as constants or expressions. */
export { int64s as sizes } from '../ops/sizes.js';
export { reshaped } from '../ops/reshape.js';
