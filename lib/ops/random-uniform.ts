/** RandomUniform and RandomUniformLike (ONNX): evenly between two ends. */
import { random } from './random.js';

export const RandomUniform = random(
  'RandomUniform',
  (n) => [n.float('low', 0), n.float('high', 1)],
  (next, [low, high]) => low + (high - low) * next(),
);
