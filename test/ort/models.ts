/** Small models whose signatures show what sessions say of inputs and outputs. */
import { encodeModel, graph, modelOf, node, valueInfo } from '../../lib/onnx/export.js';
import type { TypeProto, Plain } from '../../lib/onnx/messages.js';
import { DTYPES, type DType } from '../../lib/tensor/dtype.js';
import { fromNumbers } from '../../lib/tensor/tensor.js';

const OPSET = 17;

/** y = x of one element type, [n, 2]. */
export const identity = (dtype: DType): Uint8Array =>
  encodeModel(
    modelOf(
      graph(
        [node('Identity', ['x'], ['y'])],
        [valueInfo('x', dtype, ['n', 2])],
        [valueInfo('y', dtype, ['n', 2])],
      ),
      OPSET,
    ),
  );

/** sum = a + b and product = a · b, float32 [rows, 3]; `b` may be left to its default, all ones. */
export const pair = (): Uint8Array =>
  encodeModel(
    modelOf(
      graph(
        [node('Add', ['a', 'b'], ['sum']), node('Mul', ['a', 'b'], ['product'])],
        [valueInfo('a', 'float32', ['rows', 3]), valueInfo('b', 'float32', ['rows', 3])],
        [valueInfo('sum', 'float32', ['rows', 3]), valueInfo('product', 'float32', ['rows', 3])],
      ),
      OPSET,
    ),
  );

/** Unnamed sizes, a scalar, an unknown rank, an input with a default. */
export const loose = (): Uint8Array => {
  const unranked: Plain<TypeProto> = { tensor_type: { elem_type: 1 } };
  return encodeModel(
    modelOf(
      {
        ...graph(
          [
            node('Mul', ['x', 'scale'], ['scaled']),
            node('Add', ['scaled', 'shift'], ['y']),
            node('Neg', ['free'], ['z']),
          ],
          [
            valueInfo('x', 'float32', [null, 'width', 2]),
            valueInfo('scale', 'float32', []),
            { name: 'free', type: unranked },
            valueInfo('shift', 'float32', [1]),
          ],
          [valueInfo('y', 'float32', [null, 'width', 2]), { name: 'z', type: unranked }],
          { shift: fromNumbers('float32', [1], [10]) },
        ),
      },
      OPSET,
    ),
  );
};

/** A sequence as output. */
export const sequence = (): Uint8Array =>
  encodeModel(
    modelOf(
      graph(
        [node('SplitToSequence', ['x'], ['parts'], { axis: 0 })],
        [valueInfo('x', 'float32', [2, 3])],
        [
          {
            name: 'parts',
            type: { sequence_type: { elem_type: { tensor_type: { elem_type: 1 } } } },
          },
        ],
      ),
      OPSET,
    ),
  );

/** y = x + w where w lies in the file 'weights.bin'. */
export const external = (): Uint8Array => {
  const model = modelOf(
    graph(
      [node('Add', ['x', 'w'], ['y'])],
      [valueInfo('x', 'float32', [2])],
      [valueInfo('y', 'float32', [2])],
    ),
    OPSET,
  );
  const w = {
    name: 'w',
    dims: [2],
    data_type: DTYPES.float32.onnx,
    data_location: 1,
    external_data: [
      { key: 'location', value: 'weights.bin' },
      { key: 'offset', value: '0' },
      { key: 'length', value: '8' },
    ],
  };
  return encodeModel({ ...model, graph: { ...model.graph, initializer: [w] } });
};

/** y = x[index]: an index out of range is an error of the run. */
export const gather = (): Uint8Array =>
  encodeModel(
    modelOf(
      graph(
        [node('Gather', ['x', 'index'], ['y'])],
        [valueInfo('x', 'float32', [3]), valueInfo('index', 'int64', ['n'])],
        [valueInfo('y', 'float32', ['n'])],
      ),
      OPSET,
    ),
  );
