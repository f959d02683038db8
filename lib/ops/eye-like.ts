/** EyeLike (ONNX): ones on the k-th diagonal of a matrix of the input's shape. */
import { defineOp, shapeError } from '../ir/op.js';
import { raise } from '../errors.js';
import { type DType, dtypeOfOnnx } from '../tensor/dtype.js';
import { fromNumbers } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

export interface EyeLikeAttrs {
  /** of the output; null: the input's */
  readonly dtype: DType | null;
  /** 0: the main diagonal, above it positive */
  readonly k: number;
}

export const EyeLike = defineOp<EyeLikeAttrs>({
  name: 'EyeLike',
  infer(inputs, attrs) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (shape.length !== 2) shapeError(`a matrix has 2 axes, got ${shape.length}`);
    return [{ type: { dtype: attrs.dtype ?? dtype, shape } }];
  },
  eval([x], { dtype, k }) {
    const [rows, columns] = x!.shape as [number, number];
    const values = new Float64Array(rows * columns);
    for (let r = Math.max(0, -k); r < rows && r + k < columns; r++) values[r * columns + r + k] = 1;
    return [fromNumbers(dtype ?? x!.dtype, x!.shape, values)];
  },
  onnx: [
    {
      type: 'EyeLike',
      since: 9,
      read(n) {
        if (!n.has('dtype')) return { dtype: null, k: n.int('k', 0) };
        const got = n.int('dtype');
        const expected = 'a type of tensors';
        const dtype =
          dtypeOfOnnx(got) ??
          raise('HAIO_E_ATTRIBUTE', {
            node: n.name,
            op: n.type,
            attribute: 'dtype',
            expected,
            got,
          });
        return { dtype, k: n.int('k', 0) };
      },
    },
  ],
});
