/** Shape (ONNX): the sizes of axes start…end−1 as int64. */
import { type Fact, isTensorType } from '../ir/graph.js';
import { defineOp } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { fromNumbers } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

/** As Array.slice: negative ones count from the end, out of range ones are clamped. */
export interface ShapeAttrs {
  readonly start?: number;
  readonly end?: number;
}

const sizes = (x: Fact | null | undefined, { start, end }: ShapeAttrs): readonly Dim[] =>
  x && isTensorType(x.type) ? x.type.shape.slice(start ?? 0, end) : [];

export const Shape = defineOp<ShapeAttrs>({
  name: 'Shape',
  infer(inputs, attrs) {
    tensorAt(inputs, 0);
    return [{ type: { dtype: 'int64', shape: [sizes(inputs[0], attrs).length] } }];
  },
  eval([x], { start, end }) {
    const shape = x!.shape.slice(start ?? 0, end);
    return [fromNumbers('int64', [shape.length], shape)];
  },
  values: ([x], attrs) => [sizes(x, attrs)],
  onnx: [
    {
      type: 'Shape',
      since: 1,
      read: (n) => ({
        start: n.int('start', 0),
        ...(n.has('end') ? { end: n.int('end') } : {}),
      }),
    },
  ],
});
