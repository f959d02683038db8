/** Equal (ONNX): x = y, for numbers, bools and strings. */
import * as D from '../tensor/dim.js';
import { fromNumbers } from '../tensor/tensor.js';
import { commonShape, positions } from './element-values.js';
import { relation } from './elementwise.js';
import { sizeOf } from '../tensor/tensor.js';

export const Equal = relation('Equal', (x, y) => x === y, {
  input: 'any',
  eval(t) {
    if (t[0]!.dtype !== 'string') return null;
    const shape = commonShape(t);
    const [p, q] = t.map((x) => positions(x.shape, shape));
    const same = (i: number): boolean => t[0]!.data[p ? p[i]! : i] === t[1]!.data[q ? q[i]! : i];
    const out = Array.from({ length: sizeOf(shape) }, (_, i) => Number(same(i)));
    return fromNumbers('bool', shape, out);
  },
  dim: ([x, y]) => D.eq(x!, y!),
  traits: ['commutative'],
});
