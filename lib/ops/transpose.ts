/** Transpose (ONNX): output axis i is input axis perm[i]. */
import { type Fact, type TensorType, isTensorType } from '../ir/graph.js';
import { defineOp, shapeError, typeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import { denseStrides } from '../tensor/shape.js';
import { copyTo, movable, strided } from './moving.js';

export interface TransposeAttrs {
  /** a permutation of 0…rank−1 */
  readonly perm: readonly number[];
}

const pick = <T>(list: readonly T[], perm: readonly number[]): T[] => perm.map((i) => list[i]!);

const typeOfFact = (fact: Fact | null | undefined): TensorType =>
  fact && isTensorType(fact.type) ? fact.type : typeError('expected a tensor');

export const Transpose = defineOp<TransposeAttrs>({
  name: 'Transpose',
  infer([x], { perm }) {
    const { dtype, shape } = typeOfFact(x);
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
        const rank = typeOfFact(n.inputs[0]?.fact).shape.length;
        return { perm: n.ints('perm', Array.from({ length: rank }, (_, i) => rank - 1 - i)) };
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
