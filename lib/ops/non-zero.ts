/** NonZero (ONNX): the indices of elements that are not zero, [rank, count], in row-major order. */
import { defineOp } from '../ir/op.js';
import { denseStrides } from '../tensor/shape.js';
import { type Tensor, fromNumbers } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';
import { numbersAt } from './sizes.js';

const isSet = (x: unknown): boolean => x !== 0 && x !== 0n && x !== '' && !Object.is(x, -0);
/** −0 of the 16-bit floats, which are bit patterns. */
const isNegativeZero = (t: Tensor, x: unknown): boolean =>
  (t.dtype === 'float16' || t.dtype === 'bfloat16') && x === 0x8000;

export const NonZero = defineOp<Record<string, never>>({
  name: 'NonZero',
  infer(inputs, _, ctx) {
    const { shape } = tensorAt(inputs, 0);
    const known = numbersAt(inputs, 0);
    const count = known ? known.filter((x) => x !== 0).length : ctx.fresh('nonzero');
    return [{ type: { dtype: 'int64', shape: [shape.length, count] } }];
  },
  eval([x]) {
    const { data, shape } = x!;
    const places = Array.from({ length: data.length }, (_, i) => i).filter(
      (i) => isSet(data[i]) && !isNegativeZero(x!, data[i]),
    );
    const dense = denseStrides(shape) as number[];
    const rows = dense.flatMap((stride, axis) =>
      places.map((i) => Math.floor(i / stride) % shape[axis]!),
    );
    return [fromNumbers('int64', [shape.length, places.length], rows)];
  },
  onnx: [{ type: 'NonZero', since: 9, read: () => ({}) }],
});
