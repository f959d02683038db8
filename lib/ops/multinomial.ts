/** Multinomial (ONNX): draws classes from rows of logarithms of weights, [N, C] → [N, samples]. */
import { defineOp, shapeError } from '../ir/op.js';
import type { DType } from '../tensor/dtype.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { floatAt } from './facts.js';
import { generator, randomType, seedOf } from './random.js';

export interface MultinomialAttrs {
  readonly dtype: DType;
  readonly samples: number;
  readonly seed: number | null;
}

export const Multinomial = defineOp<MultinomialAttrs>({
  name: 'Multinomial',
  traits: ['impure'],
  infer(inputs, { dtype, samples }) {
    const { shape } = floatAt(inputs, 0);
    if (shape.length !== 2) shapeError(`expected rank 2, got ${shape.length}`);
    return [{ type: { dtype, shape: [shape[0]!, samples] } }];
  },
  eval([x], { dtype, samples, seed }) {
    const [rows, classes] = x!.shape as [number, number];
    const values = toNumbers(x!);
    const next = generator(seed);
    const out: number[] = [];
    for (let r = 0; r < rows; r++) {
      const row = values.subarray(r * classes, (r + 1) * classes);
      const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
      let total = 0;
      const upTo = Array.from(row, (v) => (total += Math.exp(v - most)));
      for (let s = 0; s < samples; s++) {
        const drawn = next() * total;
        const found = upTo.findIndex((sum) => drawn < sum);
        out.push(found < 0 ? classes - 1 : found);
      }
    }
    return [fromNumbers(dtype, [rows, samples], out)];
  },
  onnx: [
    {
      type: 'Multinomial',
      since: 7,
      read: (n) => ({
        dtype: randomType(n) ?? 'int32',
        samples: n.int('sample_size', 1),
        seed: seedOf(n),
      }),
    },
  ],
});
