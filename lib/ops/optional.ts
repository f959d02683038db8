/** Optional (ONNX): a value that may be absent. */
import { defineOp } from '../ir/op.js';
import { sequenceOf } from '../tensor/sequence.js';

export const Optional = defineOp<Record<string, never>>({
  name: 'Optional',
  infer: ([x]) => [{ type: { optional: x?.type ?? { unranked: 'float32' } } }],
  eval: ([x]) => [sequenceOf(x ? [x] : [])],
  onnx: [{ type: 'Optional', since: 15, read: () => ({}) }],
});
