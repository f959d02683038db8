/**
 * Integers known as expressions over sizes: what folding leaves of Shape → Gather → Concat. It has
 * no step; who reads it takes the elements from the fact, or gets them from the planner.
 */
import { raise } from '../errors.js';
import { defineOp } from '../ir/op.js';
import { type Dim, format, isSym } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { fromNumbers } from '../tensor/tensor.js';

export interface SizeVectorAttrs {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** row-major elements */
  readonly dims: readonly Dim[];
}

export const SizeVector = defineOp<SizeVectorAttrs>({
  name: 'SizeVector',
  infer: (_, { dtype, shape, dims }) => [{ type: { dtype, shape }, value: dims }],
  eval(_, { dtype, shape, dims }) {
    const symbol = dims.find(isSym);
    if (symbol !== undefined)
      raise('HAIO_E_INTERNAL', { reason: `the size ${format(symbol)} is not known here` });
    return [fromNumbers(dtype, shape, dims as number[])];
  },
});
