/** SequenceEmpty (ONNX): a sequence without items. */
import { raise } from '../errors.js';
import { defineOp } from '../ir/op.js';
import { type DType, dtypeOfOnnx } from '../tensor/dtype.js';
import { sequenceOf } from '../tensor/sequence.js';

export const SequenceEmpty = defineOp<{ readonly dtype: DType }>({
  name: 'SequenceEmpty',
  infer: (_, { dtype }) => [{ type: { sequence: { unranked: dtype } } }],
  eval: () => [sequenceOf([])],
  onnx: [
    {
      type: 'SequenceEmpty',
      since: 11,
      read(n) {
        const code = n.int('dtype', 1);
        const fields = { node: n.name, op: n.type, attribute: 'dtype', got: code };
        const dtype = dtypeOfOnnx(code);
        if (dtype) return { dtype };
        return raise('HAIO_E_ATTRIBUTE', { ...fields, expected: 'a known element type' });
      },
    },
  ],
});
