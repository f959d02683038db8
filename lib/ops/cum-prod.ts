/** CumProd (ONNX): products of the elements so far along an axis. */
import { apply } from '../ir/build.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { type CumSumAttrs, accumulated, inferAccumulated, readAccumulated } from './cum-sum.js';

export const CumProd: OpDef<CumSumAttrs> = defineOp<CumSumAttrs>({
  name: 'CumProd',
  infer: inferAccumulated,
  eval: ([x], attrs) => [accumulated(x!, attrs, 'product')],
  onnx: [
    {
      type: 'CumProd',
      since: 26,
      build: (n) => [apply(CumProd, readAccumulated(n), [n.inputs[0]!])],
    },
  ],
  permute: ({ attrs }, _from, perm) => ({
    attrs: { ...attrs, axis: perm[attrs.axis]! },
    inputs: [perm],
    outputs: [perm],
  }),
});
