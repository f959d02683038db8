/** RandomNormal and RandomNormalLike (ONNX), by the method of Box & Muller (1958). */
import { random } from './random.js';

export const RandomNormal = random(
  'RandomNormal',
  (n) => [n.float('mean', 0), n.float('scale', 1)],
  (next, [mean, scale]) =>
    mean + scale * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
);
