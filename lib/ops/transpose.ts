/** Transpose (ONNX): output axis i is input axis perm[i]. */
import { defineOp, shapeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import { denseStrides } from '../tensor/shape.js';
import { rankAt, tensorAt } from './facts.js';
import { copyTo, movable, strided } from './moving.js';

export interface TransposeAttrs {
  /** a permutation of 0…rank−1 */
  readonly perm: readonly number[];
}

const pick = <T>(list: readonly T[], perm: readonly number[]): T[] => perm.map((i) => list[i]!);

export const Transpose = defineOp<TransposeAttrs>({
  name: 'Transpose',
  infer(inputs, { perm }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (perm.length !== shape.length || perm.some((_, i) => !perm.includes(i)))
      shapeError(`perm [${perm.join(',')}] is no permutation of ${shape.length} axes`);
    return [{ type: { dtype, shape: pick(shape, perm) } }];
  },
  eval([x], { perm }) {
    const strides = denseStrides(x!.shape) as number[];
    return [strided(x!, pick(x!.shape, perm), pick(strides, perm))];
  },
  moves: [0],
  onnx: [
    {
      type: 'Transpose',
      since: 1,
      read: (n) => {
        const rank = rankAt(n, 0);
        return {
          perm: n.ints(
            'perm',
            Array.from({ length: rank }, (_, i) => rank - 1 - i),
          ),
        };
      },
    },
  ],
  view({ attrs: { perm } }, source): readonly Operand[] {
    return [{ ...source, shape: pick(source.shape, perm), strides: pick(source.strides, perm) }];
  },
  lower({ attrs: { perm } }, l) {
    const x = l.in(0);
    const turned = { ...x, shape: pick(x.shape, perm), strides: pick(x.strides, perm) };
    copyTo(l, turned, l.out());
  },
  lowers: movable,
});
