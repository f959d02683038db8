/** OptionalHasElement (ONNX): whether the value is there. Values that are no optionals are. */
import { apply, literal } from '../ir/build.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { itemsOf } from '../tensor/sequence.js';
import { fromNumbers } from '../tensor/tensor.js';

export const OptionalHasElement: OpDef<Record<string, never>> = defineOp<Record<string, never>>({
  name: 'OptionalHasElement',
  infer: () => [{ type: { dtype: 'bool', shape: [] } }],
  eval: ([x]) => [fromNumbers('bool', [], [itemsOf(x).length])],
  onnx: [
    {
      type: 'OptionalHasElement',
      since: 15,
      build({ inputs: [x] }) {
        if (x && 'optional' in x.fact.type) return [apply(OptionalHasElement, {}, [x])];
        return [literal('bool', [], [x ? 1 : 0])];
      },
    },
  ],
});
