/** Small models with seeded weights: one for each thing that an importer or a runtime must handle. */
import {
  type Attribute,
  encodeModel,
  graph,
  modelOf,
  node,
  valueInfo,
} from '../../lib/onnx/export.js';
import type { GraphProto, ModelProto, Plain } from '../../lib/onnx/messages.js';
import { type Tensor, fromNumbers, tensor } from '../../lib/tensor/tensor.js';
import { bertModel } from './bert.js';
import { ML_GALLERY } from './ml.js';
import { random } from './random.js';

export interface TestModel {
  readonly bytes: Uint8Array;
  /** inputs of a first run, by name */
  readonly inputs: Readonly<Record<string, Tensor>>;
}

const OPSET = 17;
const f32 = (name: string, ...shape: (number | string | null)[]): ReturnType<typeof valueInfo> =>
  valueInfo(name, 'float32', shape);
const i64 = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('int64', shape, values);
const bool = (value: number): Tensor => fromNumbers('bool', [], [value]);

function testModel(
  content: Plain<GraphProto>,
  inputs: Record<string, Tensor>,
  more: Partial<Plain<ModelProto>> = {},
): TestModel {
  return { bytes: encodeModel({ ...modelOf(content, OPSET), ...more }), inputs };
}

/** Two dense layers with a softmax; the batch is open. */
function mlp(): TestModel {
  const r = random(1);
  return testModel(
    graph(
      [
        node('Gemm', ['x', 'w1', 'b1'], ['h'], { transB: 1 }),
        node('Relu', ['h'], ['a']),
        node('Gemm', ['a', 'w2', 'b2'], ['o'], { alpha: { float: 0.5 } }),
        node('Softmax', ['o'], ['y'], { axis: -1 }),
      ],
      [f32('x', 'batch', 6)],
      [f32('y', 'batch', 4)],
      {
        w1: r.tensor([8, 6], 0.4),
        b1: r.tensor([8]),
        w2: r.tensor([8, 4], 0.4),
        b2: r.tensor([4]),
      },
    ),
    { x: r.tensor([3, 6]) },
  );
}

/** Convolutions with batch norm, a residual, pooling, a resize; height and width are open. */
function cnn(): TestModel {
  const r = random(2);
  const positive = (n: number): Tensor => {
    const t = r.tensor([n]);
    return { ...t, data: (t.data as Float32Array).map((x) => 0.5 + Math.abs(x)) };
  };
  return testModel(
    graph(
      [
        node('Conv', ['x', 'w1', 'b1'], ['c1'], { pads: [1, 1, 1, 1], strides: [2, 2] }),
        node('BatchNormalization', ['c1', 'scale', 'shift', 'mean', 'variance'], ['n1']),
        node('Relu', ['n1'], ['a1']),
        node('Conv', ['a1', 'w2'], ['c2'], { pads: [1, 1, 1, 1], group: 4 }),
        node('Add', ['c2', 'a1'], ['s']),
        node('MaxPool', ['s'], ['p'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('Resize', ['p', '', 'scales'], ['u'], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
        node('GlobalAveragePool', ['u'], ['g']),
        node('Flatten', ['g'], ['y']),
      ],
      [f32('x', 'n', 3, 'height', 'width')],
      [f32('y', 'n', 4)],
      {
        w1: r.tensor([4, 3, 3, 3], 0.3),
        b1: r.tensor([4]),
        scale: positive(4),
        shift: r.tensor([4]),
        mean: r.tensor([4]),
        variance: positive(4),
        w2: r.tensor([4, 1, 3, 3], 0.3),
        scales: tensor('float32', [4], Float32Array.of(1, 1, 2, 2)),
      },
    ),
    { x: r.tensor([1, 3, 10, 14]) },
  );
}

/** An LSTM with its state as inputs and outputs, as voice activity models have. */
function lstm(): TestModel {
  const r = random(3);
  return testModel(
    graph(
      [
        node('LSTM', ['x', 'w', 'r', 'b', '', 'h', 'c'], ['', 'hn', 'cn'], { hidden_size: 5 }),
        node('Relu', ['hn'], ['y']),
      ],
      [f32('x', 'time', 1, 3), f32('h', 1, 1, 5), f32('c', 1, 1, 5)],
      [f32('y', 1, 1, 5), f32('hn', 1, 1, 5), f32('cn', 1, 1, 5)],
      { w: r.tensor([1, 20, 3]), r: r.tensor([1, 20, 5]), b: r.tensor([1, 40]) },
    ),
    { x: r.tensor([4, 1, 3]), h: r.tensor([1, 1, 5]), c: r.tensor([1, 1, 5]) },
  );
}

/** An If on a scalar input and one on data; the branches capture outer values. */
function branches(): TestModel {
  const r = random(4);
  const branch = (op: string, inputs: string[]): Attribute => ({
    graph: graph([node(op, inputs, ['out'])], [], [f32('out', null, null)]),
  });
  return testModel(
    graph(
      [
        node('Equal', ['rate', 'k'], ['fast']),
        node('Add', ['x', 'x'], ['twice']),
        node('If', ['fast'], ['a'], {
          then_branch: branch('Neg', ['twice']),
          else_branch: branch('Abs', ['x']),
        }),
        node('ReduceSum', ['x'], ['sum'], { keepdims: 0 }),
        node('Greater', ['sum', 'zero'], ['positive']),
        node('If', ['positive'], ['y'], {
          then_branch: branch('Exp', ['a']),
          else_branch: branch('Mul', ['a', 'x']),
        }),
      ],
      [f32('x', 'rows', 3), valueInfo('rate', 'int64', [])],
      [f32('y', 'rows', 3)],
      { k: i64([], 16000), zero: fromNumbers('float32', [], [0]) },
    ),
    { x: r.tensor([2, 3]), rate: i64([], 16000) },
  );
}

/** A Loop with a carried value and a result of one row a trip, stopped by its data. */
function loop(): TestModel {
  const r = random(5);
  const body = graph(
    [
      node('Add', ['state', 'x'], ['next']),
      node('ReduceMax', ['next'], ['top'], { keepdims: 0 }),
      node('Less', ['top', 'limit'], ['go']),
      node('Identity', ['next'], ['row']),
    ],
    [valueInfo('i', 'int64', []), valueInfo('more', 'bool', []), f32('state', 4)],
    [valueInfo('go', 'bool', []), f32('next', 4), f32('row', 4)],
  );
  return testModel(
    graph(
      [node('Loop', ['trips', 'yes', 'x'], ['last', 'rows'], { body: { graph: body } })],
      [f32('x', 4), valueInfo('trips', 'int64', [])],
      [f32('last', 4), f32('rows', null, 4)],
      { limit: fromNumbers('float32', [], [5]), yes: bool(1) },
    ),
    { x: r.tensor([4]), trips: i64([], 6) },
  );
}

/** A Loop whose carried value grows by a row a trip. */
function growing(): TestModel {
  const r = random(6);
  const body = graph(
    [node('Identity', ['more'], ['go']), node('Concat', ['rows', 'x'], ['longer'], { axis: 0 })],
    [valueInfo('i', 'int64', []), valueInfo('more', 'bool', []), f32('rows', null, 2)],
    [valueInfo('go', 'bool', []), f32('longer', null, 2)],
  );
  return testModel(
    graph(
      [node('Loop', ['three', '', 'x'], ['y'], { body: { graph: body } })],
      [f32('x', 1, 2)],
      [f32('y', null, 2)],
      { three: i64([], 3) },
    ),
    { x: r.tensor([1, 2]) },
  );
}

/** A Scan that sums up rows, backwards, with results along another axis. */
function scan(): TestModel {
  const r = random(7);
  const body = graph(
    [node('Add', ['sum', 'row'], ['next']), node('Mul', ['next', 'w'], ['item'])],
    [f32('sum', 3), f32('row', 3)],
    [f32('next', 3), f32('item', 3)],
  );
  return testModel(
    graph(
      [
        node('Scan', ['zero', 'x'], ['total', 'y'], {
          body: { graph: body },
          num_scan_inputs: 1,
          scan_input_axes: [1],
          scan_input_directions: [1],
          scan_output_axes: [1],
        }),
      ],
      [f32('x', 3, 'length')],
      [f32('total', 3), f32('y', 3, 'length')],
      { zero: tensor('float32', [3], new Float32Array(3)), w: r.tensor([3]) },
    ),
    { x: r.tensor([3, 5]) },
  );
}

/** A local function with attribute references, called twice. */
function local(): TestModel {
  const r = random(8);
  const functions: Plain<ModelProto>['functions'] = [
    {
      name: 'ScaledNorm',
      domain: 'test',
      input: ['x', 'scale'],
      output: ['y'],
      attribute: ['axis'],
      attribute_proto: [{ name: 'epsilon', type: 1, f: 1e-3 }],
      opset_import: [{ domain: '', version: OPSET }],
      node: [
        node('LayerNormalization', ['x', 'scale'], ['n'], {
          axis: { ref: 'axis' },
          epsilon: { ref: 'epsilon' },
        }),
        node('Mul', ['n', 'scale'], ['y']),
      ],
    },
  ];
  return testModel(
    graph(
      [
        node('ScaledNorm', ['x', 's'], ['h'], { axis: -1 }, 'test'),
        node('ScaledNorm', ['h', 's'], ['y'], { axis: -1, epsilon: { float: 0.1 } }, 'test'),
      ],
      [f32('x', 'n', 5)],
      [f32('y', 'n', 5)],
      { s: r.tensor([5]) },
    ),
    { x: r.tensor([2, 5]) },
    { functions, opset_import: [{ version: OPSET }, { domain: 'test', version: 1 }] },
  );
}

/** Quantised and dequantised tensors round a MatMul. */
function quantized(): TestModel {
  const r = random(9);
  const weights = Int8Array.from({ length: 24 }, () => r.int(-127, 128));
  return testModel(
    graph(
      [
        node('QuantizeLinear', ['x', 'sx', 'zx'], ['xq']),
        node('DequantizeLinear', ['xq', 'sx', 'zx'], ['xd']),
        node('DequantizeLinear', ['w', 'sw', 'zw'], ['wd'], { axis: 1 }),
        node('MatMul', ['xd', 'wd'], ['m']),
        node('QuantizeLinear', ['m', 'sy', 'zx'], ['mq']),
        node('DequantizeLinear', ['mq', 'sy', 'zx'], ['y']),
      ],
      [f32('x', 'n', 6)],
      [f32('y', 'n', 4)],
      {
        w: tensor('int8', [6, 4], weights),
        sx: fromNumbers('float32', [], [0.02]),
        zx: fromNumbers('uint8', [], [128]),
        sw: fromNumbers('float32', [4], [0.01, 0.02, 0.005, 0.01]),
        zw: fromNumbers('int8', [4], [0, 0, 0, 0]),
        sy: fromNumbers('float32', [], [0.05]),
      },
    ),
    { x: r.tensor([3, 6]) },
  );
}

/** One layer of a transformer, batch and sequence open. */
function bert(): TestModel {
  const r = random(10);
  const bytes = bertModel({
    layers: 1,
    hidden: 12,
    heads: 3,
    intermediate: 20,
    vocabulary: 30,
    positions: 16,
    epsilon: 1e-12,
    weight: (_, shape) => r.tensor(shape, 1 / Math.sqrt(shape[1] ?? 4)),
  });
  const ids = Array.from({ length: 10 }, () => r.int(0, 30));
  return {
    bytes,
    inputs: {
      input_ids: i64([2, 5], ...ids),
      attention_mask: i64([2, 5], 1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
      token_type_ids: i64([2, 5], ...ids.map(() => 0)),
    },
  };
}

/** Sizes computed by floats, strings, a sparse constant, a size that depends on data. */
function odd(): TestModel {
  const r = random(11);
  const strings = tensor('string', [2], ['a', 'b']);
  return testModel(
    graph(
      [
        node('Shape', ['x'], ['s']),
        node('Cast', ['s'], ['sf'], { to: 1 }),
        node('Mul', ['sf', 'half'], ['sh']),
        node('Floor', ['sh'], ['fl']),
        node('Cast', ['fl'], ['size'], { to: 7 }),
        node('Slice', ['x', 'start', 'size'], ['part']),
        node('NonZero', ['part'], ['where']),
        node('Identity', ['names'], ['same']),
      ],
      [f32('x', 'rows', 'columns')],
      [
        f32('part', null, null),
        valueInfo('where', 'int64', [2, null]),
        valueInfo('same', 'string', [2]),
      ],
      { half: fromNumbers('float32', [2], [0.5, 0.5]), start: i64([2], 0, 0), names: strings },
    ),
    { x: r.tensor([4, 6]) },
  );
}

export const GALLERY: Readonly<Record<string, () => TestModel>> = {
  mlp,
  cnn,
  lstm,
  branches,
  loop,
  growing,
  scan,
  local,
  quantized,
  bert,
  odd,
  ...ML_GALLERY,
};
