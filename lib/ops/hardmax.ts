/** Hardmax (ONNX): 1 at the first largest element along the axis, 0 elsewhere. */
import { alongAxis } from './along-axis.js';

export const Hardmax = alongAxis('Hardmax', 'hardmax', (x) => {
  let best = 0;
  for (let i = 1; i < x.length; i++) if (x[i]! > x[best]!) best = i;
  return x.map((_, i) => (i === best ? 1 : 0));
});
