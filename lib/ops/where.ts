/** Where (ONNX): y where the condition holds, else z; any type. */
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { sizeOf } from '../tensor/tensor.js';
import { commonShape, positions } from './element-values.js';
import { type ElementOp, type NoAttrs, elementwise } from './elementwise.js';
import { filled, room } from './moving.js';

export const Where: ElementOp<NoAttrs> = elementwise<NoAttrs>({
  name: 'Where',
  kernel: 'where',
  inputs: ['bool', 'any', 'any'],
  mixed: [0],
  numbers: () => (condition, y, z) => (condition !== 0 ? y : z),
  eval([condition, y, z]) {
    const shape = commonShape([condition!, y!, z!]);
    const [c, p, q] = [condition!, y!, z!].map((t) => positions(t.shape, shape));
    const data = room(y!, sizeOf(shape));
    for (let i = 0; i < data.length; i++)
      data[i] = condition!.data[c ? c[i]! : i] ? y!.data[p ? p[i]! : i] : z!.data[q ? q[i]! : i];
    return filled(y!, shape, data);
  },
  dim: ([c, y, z]) => D.select(c as Dim, y!, z!),
  domains: ['f32', 'f64', 'i64'],
  onnx: [{ type: 'Where', since: 9, read: () => ({}) }],
});
