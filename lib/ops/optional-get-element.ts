/** OptionalGetElement (ONNX): the value of an optional. */
import { apply } from '../ir/build.js';
import { type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import { itemsOf } from '../tensor/sequence.js';
import { oneItem } from './sequences.js';

export const OptionalGetElement: OpDef<Record<string, never>> = defineOp<Record<string, never>>({
  name: 'OptionalGetElement',
  infer([x], _, ctx) {
    if (!x || !('optional' in x.type)) typeError('input 0 must be an optional');
    return [{ type: oneItem(x.type.optional, ctx) }];
  },
  eval: ([x]) => [itemsOf(x)[0] ?? shapeError('the optional is empty')],
  onnx: [
    {
      type: 'OptionalGetElement',
      since: 15,
      build({ inputs: [x] }) {
        if (!x) typeError('input 0 is missing');
        return ['optional' in x.fact.type ? apply(OptionalGetElement, {}, [x]) : x];
      },
    },
  ],
});
