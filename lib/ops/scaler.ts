/** Scaler (ONNX): (x − offset) · scale, in float32; both are one number or one for each feature. */
import { literal } from '../ir/build.js';
import { cast, importOnly, minus, times } from './formula.js';

export const Scaler = importOnly('Scaler', [
  {
    type: 'Scaler',
    domain: 'ai.onnx.ml',
    since: 1,
    build(n) {
      const x = cast(n.inputs[0]!, 'float32');
      const list = (name: string): ReturnType<typeof literal> | null => {
        const values = n.floats(name, []);
        return values.length === 0 ? null : literal('float32', [values.length], values);
      };
      const [offset, scale] = [list('offset'), list('scale')];
      const centred = offset ? minus(x, offset) : x;
      return [scale ? times(centred, scale) : centred];
    },
  },
]);
