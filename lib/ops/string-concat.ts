/** StringConcat (ONNX): the strings of two tensors end to end, with broadcasting. */
import { type Kind, elementwise, type NoAttrs } from './elementwise.js';
import { typeError } from '../ir/op.js';
import { sizeOf } from '../tensor/tensor.js';
import { commonShape, positions } from './element-values.js';

const inputs: readonly Kind[] = ['any', 'any'];

export const StringConcat = elementwise<NoAttrs>({
  name: 'StringConcat',
  kernel: 'string_concat',
  inputs,
  result: ([a, b]) => (a === 'string' && b === 'string' ? a : typeError('expected strings')),
  numbers: () => () => NaN,
  eval(tensors) {
    const shape = commonShape(tensors);
    const at = tensors.map((t) => positions(t.shape, shape));
    const text = (k: 0 | 1, i: number): string =>
      (tensors[k]!.data as readonly string[])[at[k] ? at[k][i]! : i]!;
    const data = Array.from({ length: sizeOf(shape) }, (_, i) => text(0, i) + text(1, i));
    return { dtype: 'string', shape, data };
  },
  domains: [],
  onnx: [{ type: 'StringConcat', since: 20, read: () => ({}) }],
});
