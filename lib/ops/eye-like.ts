/** EyeLike (ONNX): ones on the k-th diagonal of a matrix of the input's shape. */
import { raise } from '../errors.js';
import { apply, constant } from '../ir/build.js';
import { shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import { type DType, dtypeOfOnnx } from '../tensor/dtype.js';
import { isStatic } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { tensorAt } from './facts.js';

export interface EyeLikeAttrs {
  /** of the output; null: the input's */
  readonly dtype: DType | null;
  /** 0: the main diagonal, above it positive */
  readonly k: number;
}

/** Matrices of known sizes up to this many elements become constants. */
const CONSTANT_LIMIT = 2 ** 20;

function eye(dtype: DType, shape: readonly number[], k: number): Tensor {
  const [rows, columns] = shape as [number, number];
  const values = new Float64Array(rows * columns);
  for (let r = Math.max(0, -k); r < rows && r + k < columns; r++) values[r * columns + r + k] = 1;
  return fromNumbers(dtype, shape, values);
}

function read(n: OnnxNode): EyeLikeAttrs {
  const k = n.int('k', 0);
  if (!n.has('dtype')) return { dtype: null, k };
  const got = n.int('dtype');
  const dtype = dtypeOfOnnx(got);
  if (dtype) return { dtype, k };
  const expected = 'a type of tensors';
  return raise('HAIO_E_ATTRIBUTE', { node: n.name, op: n.type, attribute: 'dtype', expected, got });
}

export const EyeLike: OpDef<EyeLikeAttrs> = defineOp<EyeLikeAttrs>({
  name: 'EyeLike',
  infer(inputs, attrs) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (shape.length !== 2) shapeError(`a matrix has 2 axes, got ${shape.length}`);
    return [{ type: { dtype: attrs.dtype ?? dtype, shape } }];
  },
  eval: ([x], { dtype, k }) => [eye(dtype ?? x!.dtype, x!.shape, k)],
  onnx: [
    {
      type: 'EyeLike',
      since: 9,
      build(n) {
        const attrs = read(n);
        const y = apply(EyeLike, attrs, n.inputs);
        const { dtype, shape } = tensorAt([y.fact], 0);
        const known = isStatic(shapeOf(y)) && sizeOf(shape as number[]) <= CONSTANT_LIMIT;
        return [known ? constant(weightOf(eye(dtype, shape as number[], attrs.k))) : y];
      },
    },
  ],
});
