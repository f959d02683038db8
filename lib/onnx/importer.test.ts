import assert from 'node:assert/strict';
import { apply, constantTensor, literal } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import {
  type Graph,
  type Node,
  type TensorType,
  isTensorType,
  shapeOf,
  topological,
} from '../ir/graph.js';
import { type OpDef, PinRequest, defineOp, typeError } from '../ir/op.js';
import { If } from '../ops/if.js';
import { add, eq, symbolsOf } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { broadcast, formatShape } from '../tensor/shape.js';
import { type Tensor, fromNumbers, tensor, toNumbers } from '../tensor/tensor.js';
import {
  type Attribute,
  encodeModel,
  graph,
  modelOf,
  node,
  tensorType,
  valueInfo,
} from './export.js';
import { Importer, type ImporterOptions } from './importer.js';
import type { GraphProto, ModelProto, NodeProto, Plain, ValueInfoProto } from './messages.js';
import { readModel } from './model.js';
import { tableOf } from './operators.js';
import { signaturesOf } from './symbols.js';

// a few operators, so that the importer is tested without the real ones
function binary(name: string, f: (a: number, b: number) => number, to?: DType): OpDef {
  return defineOp({
    name,
    traits: ['elementwise'],
    infer([a, b]) {
      if (!a || !b || !isTensorType(a.type) || !isTensorType(b.type))
        typeError('two tensors, please');
      return [
        { type: { dtype: to ?? a.type.dtype, shape: broadcast(a.type.shape, b.type.shape)! } },
      ];
    },
    dim: ([a, b]) => (name === 'Equal' ? eq(a!, b!) : add(a!, b!)),
    eval([a, b]) {
      const [x, y] = [toNumbers(a!), toNumbers(b!)];
      const big = x.length >= y.length ? a! : b!;
      const at = (t: Float64Array, i: number): number => t[t.length === 1 ? 0 : i]!;
      return [
        fromNumbers(
          to ?? a!.dtype,
          big.shape,
          big.data.length === 0 ? [] : Array.from(toNumbers(big), (_, i) => f(at(x, i), at(y, i))),
        ),
      ];
    },
    onnx: [{ type: name, since: 7, read: () => undefined }],
  });
}
const Add = binary('Add', (a, b) => a + b);
const Equal = binary('Equal', (a, b) => Number(a === b), 'bool');
const Shape = defineOp<undefined>({
  name: 'Shape',
  infer: ([x]) => {
    const { shape } = x!.type as { shape: readonly number[] };
    return [{ type: { dtype: 'int64', shape: [shape.length] } }];
  },
  values: ([x]) => [(x!.type as { shape: readonly number[] }).shape],
  onnx: [{ type: 'Shape', since: 1, read: () => undefined }],
});
/** Adds an attribute; `Old` before opset 10. A third input is optional and counts double. */
const Bump = defineOp<{ by: number }>({
  name: 'Bump',
  infer: ([x]) => [{ type: x!.type }],
  eval: ([x, , z], { by }) => [
    fromNumbers(
      x!.dtype,
      x!.shape,
      [...toNumbers(x!)].map((v) => v + by + 2 * (z ? toNumbers(z)[0]! : 0)),
    ),
  ],
  onnx: [
    { type: 'Bump', since: 10, read: (n) => ({ by: n.float('by', 1) }) },
    { type: 'Bump', since: 1, read: () => ({ by: 100 }) },
  ],
});
const Noise = defineOp<undefined>({
  name: 'Noise',
  traits: ['impure'],
  infer: ([x]) => [{ type: x!.type }],
  onnx: [{ type: 'Noise', since: 1, read: () => undefined }],
});
/** The first elements, as many as input 1 says. */
const Head: OpDef<undefined> = defineOp({
  name: 'Head',
  infer: ([x, k], _, ctx) => {
    const { dtype } = x!.type as { dtype: DType };
    return [{ type: { dtype, shape: [k!.value?.[0] ?? ctx.fresh('head')] } }];
  },
  onnx: [
    {
      type: 'Head',
      since: 1,
      build: (n) => {
        const known = n.inputs[1]!.weight && constantTensor(n.inputs[1]);
        const k = known ? literal('int64', [], toNumbers(known)) : n.inputs[1]!;
        return [apply(Head, undefined, [n.inputs[0]!, k])];
      },
    },
  ],
});
/** Floats of the same elements: not followed symbolically. */
const Opaque = defineOp<undefined>({
  name: 'Opaque',
  infer: ([x]) => [{ type: { ...(x!.type as TensorType), dtype: 'float32' } }],
  eval: ([x]) => [fromNumbers('float32', x!.shape, toNumbers(x!))],
  onnx: [{ type: 'Opaque', since: 1, read: () => undefined }],
});
const table = tableOf([Head, Opaque, Add, Equal, Shape, Bump, Noise, If] as readonly OpDef[]);

const OPSET = 17;
const f32 = (name: string, ...shape: (number | string | null)[]): Plain<ValueInfoProto> =>
  valueInfo(name, 'float32', shape);
const vector = (...values: number[]): Tensor => fromNumbers('float32', [values.length], values);
const scalar = (dtype: DType, value: number): Tensor => fromNumbers(dtype, [], [value]);

function run(model: Plain<ModelProto>, options: ImporterOptions = {}): Importer & { graph: Graph } {
  const importer = new Importer(readModel(encodeModel(model)), table, options);
  return Object.assign(importer, { graph: importer.run() });
}
const build = (content: Plain<GraphProto>, options: ImporterOptions = {}): Graph =>
  run(modelOf(content, OPSET), options).graph;
const values = (g: Graph, ...inputs: Tensor[]): number[][] =>
  evalGraph(g, inputs).map((t) => [...toNumbers(t)]);
const nodes = (g: Graph): Node[] => topological(g.outputs);
const fails = (content: Plain<GraphProto>, code: string, message: RegExp): void => {
  assert.throws(
    () => build(content),
    (e: unknown) => {
      assert.equal((e as { code?: string }).code, code, (e as Error).stack);
      assert.match((e as Error).message, message);
      return true;
    },
  );
};
const pinsOf = (make: () => unknown): [string[], readonly string[], readonly string[]] => {
  try {
    make();
  } catch (e) {
    if (e instanceof PinRequest) return [e.symbols.map((s) => s.name), e.inputs, e.shapes];
    throw e;
  }
  return [[], [], []];
};

describe('importer', () => {
  const simple = graph(
    [
      node('Bump', ['x'], ['y'], { by: { float: 2 } }),
      { ...node('Add', ['y', 'w'], ['z']), name: '' },
    ],
    [f32('x', 'n', 2)],
    [f32('z', 'n', 2), f32('y', 'n', 2)],
    { w: vector(10, 20) },
  );

  it('keeps names of values and nodes', () => {
    const { graph: g, count } = run(modelOf(simple, OPSET));
    assert.equal(count, 2);
    assert.deepEqual(g.outputNames, ['z', 'y']);
    assert.equal(g.inputs[0]?.name, 'x');
    assert.deepEqual(
      nodes(g).map((n) => [n.op.name, n.origin, n.outputs[0]?.name]),
      [
        ['Bump', ['y'], 'y'],
        ['Add', ['Add_1'], 'z'],
      ],
    );
    assert.equal(nodes(g)[1]?.inputs[1]?.name, 'w');
    assert.deepEqual(
      values(g, fromNumbers('float32', [1, 2], [1, 2])),
      [
        [13, 24],
        [3, 4],
      ].map((r) => r),
    );
  });

  it('takes the newest version not above the model', () => {
    const at = (opset: number): number[][] =>
      values(run(modelOf(simple, opset)).graph, fromNumbers('float32', [1, 2], [0, 0]));
    assert.deepEqual(at(10)[1], [2, 2]);
    assert.deepEqual(at(9)[1], [100, 100]);
    assert.deepEqual(at(99)[1], [2, 2]);
  });

  it('lists all operators that it lacks', () => {
    const body = graph([node('Deep', [], ['d'])], [], [f32('d')]);
    const g = graph(
      [
        node('Foo', ['x'], ['a']),
        node('Bar', ['a'], ['b'], {}, 'my.domain'),
        node('Foo', ['b'], ['c']),
        node('Loop', ['c'], ['d'], { body: { graph: body } }),
      ],
      [f32('x', 1)],
      [f32('d', 1)],
    );
    fails(
      g,
      'HAIO_E_UNSUPPORTED',
      /Foo \(ai\.onnx 17; 'a', 'c'\), Bar \(my\.domain 1; 'b'\), Deep .*Loop/,
    );
  });

  it('lets an initializer win over an input', () => {
    const g = build(
      graph([node('Add', ['x', 'w'], ['y'])], [f32('x', 1), f32('w', 1)], [f32('y', 1)], {
        w: vector(5),
      }),
    );
    assert.deepEqual(
      g.inputs.map((v) => v.name),
      ['x'],
    );
    assert.deepEqual(values(g, vector(1)), [[6]]);
  });

  it('takes nodes in any order, and leaves out what no output needs', () => {
    const g = build(
      graph(
        [node('Add', ['y', 'y'], ['z']), node('Unknown', ['x'], ['u']), node('Bump', ['x'], ['y'])],
        [f32('x', 1)],
        [f32('z', 1)],
      ),
    );
    assert.deepEqual(values(g, vector(1)), [[4]]);
  });

  it('passes optional inputs on', () => {
    const g = build(graph([node('Bump', ['x', '', 'x'], ['y'])], [f32('x', 1)], [f32('y', 1)]));
    assert.equal(nodes(g)[0]?.inputs[1], null);
    assert.deepEqual(values(g, vector(3)), [[10]]);
    const trimmed = build(
      graph([node('Bump', ['x', '', ''], ['y'])], [f32('x', 1)], [f32('y', 1)]),
    );
    assert.equal(nodes(trimmed)[0]?.inputs.length, 1);
  });

  it('lets inputs and initializers be outputs', () => {
    const g = build(graph([], [f32('x', 2)], [f32('x', 2), f32('w', 1)], { w: vector(5) }));
    assert.deepEqual(values(g, vector(1, 2)), [[1, 2], [5]]);
  });

  it('says what is wrong with a graph', () => {
    const x = f32('x', 1);
    const y = f32('y', 1);
    const one = (...list: Plain<NodeProto>[]): Plain<GraphProto> => graph(list, [x], [y]);
    fails(one(node('Bump', ['q'], ['y'])), 'HAIO_E_GRAPH', /'y' \(Bump\) uses 'q', which nothing/);
    fails(one(), 'HAIO_E_GRAPH', /lists the output 'y'/);
    fails(
      one(node('Bump', ['x'], ['y']), node('Add', ['x', 'x'], ['y'])),
      'HAIO_E_GRAPH',
      /'y' is an output of node 'y' \(Add\) and also of node 'y' \(Bump\)/,
    );
    fails(one(node('Bump', ['x'], ['x'])), 'HAIO_E_GRAPH', /'x' is an output .* an input/);
    fails(
      one(node('Bump', ['b'], ['a']), node('Bump', ['a'], ['b']), node('Add', ['a', 'x'], ['y'])),
      'HAIO_E_GRAPH',
      /'a' \(Bump\) ← 'b' \(Bump\) ← 'a' \(Bump\) form a cycle/,
    );
    fails(graph([], [x, x], [x]), 'HAIO_E_GRAPH', /two inputs are named 'x'/);
    fails(graph([], [x], [x, x]), 'HAIO_E_GRAPH', /two outputs/);
    fails(one(node('Bump', ['x'], ['p', 'y'])), 'HAIO_E_GRAPH', /'p' \(Bump\) has no output 1/);
    fails(one(node('Add', ['x'], ['y'])), 'HAIO_E_TYPE', /node 'y' \(Add\): two tensors/);
    fails(one(node('Bump', [], ['y'])), 'HAIO_E_GRAPH', /node 'y' \(Bump\): /);
    fails(
      one(node('Bump', ['x'], ['y'], { by: 'much' })),
      'HAIO_E_ATTRIBUTE',
      /attribute by: expected a float, got a string/,
    );
    fails(graph([], [{ name: 'x' }], []), 'HAIO_E_MODEL', /input 'x' has no type/);
  });

  it('makes one symbol for each name of a size', () => {
    const g = build(
      graph(
        [node('Add', ['x', 'y'], ['z'])],
        [f32('x', 'n', 's', null), f32('y', 'n', 's', -1), f32('x_2', 'x_2', 3, 'height', 'w')],
        [f32('z', 'n'), f32('x_2')],
      ),
    );
    const shapes = g.inputs.map((v) => formatShape(shapeOf(v)));
    assert.deepEqual(shapes, ['[n,s,_x_2]', '[n,s,y_2]', '[x_2,3,height,w]']);
    const typical = g.inputs.flatMap((v) =>
      shapeOf(v).flatMap((d) => [...symbolsOf(d)].map((s) => s.typical)),
    );
    assert.deepEqual(typical, [1, 128, 128, 1, 128, 128, 1, 640, 640]);
  });

  it('fixes sizes, and takes typical ones from the options', () => {
    const g = build(simple, { sizes: { n: 4 } });
    assert.deepEqual(g.inputs[0]?.fact.type, { dtype: 'float32', shape: [4, 2] });
    const open = build(simple, { typical: { n: 9 } });
    const shape = shapeOf(open.inputs[0]!);
    assert.deepEqual(
      [...symbolsOf(shape[0]!)].map((s) => s.typical),
      [9],
    );
  });

  it('asks for shapes of unknown rank', () => {
    const g = graph([node('Bump', ['x'], ['y'])], [f32('x')], [f32('y')]);
    const any = { ...g, input: [{ name: 'x', type: tensorType('float32') }] };
    assert.deepEqual(
      pinsOf(() => build(any)),
      [[], [], ['x']],
    );
    const known = build(any, { shapes: { x: [2, 3] } });
    assert.deepEqual(known.inputs[0]?.fact.type, { dtype: 'float32', shape: [2, 3] });
  });

  it('computes with small constants', () => {
    const g = build(
      graph(
        [
          node('Constant', [], ['a'], { value: vector(1, 2) }),
          node('Constant', [], ['b'], { value_floats: { floats: [10, 20] } }),
          node('Add', ['a', 'b'], ['c']),
          node('Constant', [], ['big'], { value_int: 2n ** 62n + 1n }),
          node('Noise', ['a'], ['noise']),
        ],
        [],
        [f32('c', 2), f32('big'), f32('noise')],
      ),
    );
    assert.deepEqual(
      nodes(g).map((n) => n.op.name),
      ['Noise'],
    );
    assert.equal(g.outputs[0]?.name, 'c');
    assert.deepEqual([...(g.outputs[0].weight?.bytes ?? [])].length, 8);
    assert.deepEqual(
      evalGraph({ ...g, outputs: g.outputs.slice(1, 2) }, [])[0]?.data,
      BigInt64Array.of(2n ** 62n + 1n),
    );
  });

  it('describes inputs and outputs without importing', () => {
    const model = readModel(
      encodeModel(
        modelOf(
          graph(
            [node('Unknown', ['x'], ['y'])],
            [
              f32('x', 'n', null),
              valueInfo('w', 'int64', [1]),
              { name: 's', type: { sequence_type: { elem_type: tensorType('float32', []) } } },
            ],
            [{ name: 'y' }, f32('z', null, 4)],
            { w: scalar('int64', 1) },
          ),
          OPSET,
        ),
      ),
    );
    assert.deepEqual(signaturesOf(model), {
      inputs: [
        { name: 'x', dtype: 'float32', shape: ['n', 'x_1'], unnamed: [1] },
        {
          name: 's',
          dtype: 'sequence',
          shape: [],
          element: { dtype: 'float32', shape: [] },
        },
      ],
      outputs: [
        { name: 'y', dtype: 'float32', shape: [], unranked: true },
        { name: 'z', dtype: 'float32', shape: ['z_0', 4], unnamed: [0] },
      ],
    });
  });

  it('reads external data through the reader it is given', () => {
    const g = graph([node('Add', ['x', 'w'], ['y'])], [f32('x', 2)], [f32('y', 2)]);
    const outside = {
      ...g,
      initializer: [
        {
          name: 'w',
          dims: [2],
          data_type: 1,
          data_location: 1,
          external_data: [{ key: 'location', value: 'w.bin' }],
        },
      ],
    };
    const files: Record<string, Uint8Array> = {
      'w.bin': new Uint8Array(Float32Array.of(1, 2).buffer),
    };
    const read = build(outside, { externalData: (name) => files[name]! });
    assert.deepEqual(values(read, vector(1, 1)), [[2, 3]]);
    fails(outside, 'HAIO_E_MODEL', /was not given/);
  });
});

describe('importer: If', () => {
  const branch = (type: string, inputs: string[], out: string): Attribute => ({
    graph: graph(
      [node(type, inputs, [out], type === 'Bump' ? { by: { float: 5 } } : {})],
      [],
      [f32(out)],
    ),
  });
  const choose = (
    condition: Plain<NodeProto>[],
    inputs: Plain<ValueInfoProto>[],
  ): Plain<GraphProto> =>
    graph(
      [
        ...condition,
        node('Add', ['x', 'x'], ['twice']),
        node('If', ['c'], ['y'], {
          then_branch: branch('Bump', ['twice'], 't'),
          else_branch: branch('Add', ['x', 'w'], 'e'),
        }),
      ],
      inputs,
      [f32('y', 'n')],
      { w: vector(100), k: scalar('int64', 16000), two: fromNumbers('int64', [1], [2]) },
    );
  const bySize = choose(
    [node('Shape', ['x'], ['s']), node('Equal', ['s', 'two'], ['c'])],
    [f32('x', 'n')],
  );
  const byInput = choose(
    [node('Equal', ['sr', 'k'], ['c'])],
    [f32('x', 2), valueInfo('sr', 'int64', [])],
  );
  const byData = choose([], [f32('x', 2), valueInfo('c', 'bool', [2])]);

  it('asks for the sizes that decide, then takes the branch', () => {
    assert.deepEqual(
      pinsOf(() => build(bySize)),
      [['n'], [], []],
    );
    const then = build(bySize, { sizes: { n: 2 } });
    assert.deepEqual(values(then, vector(1, 2)), [[7, 9]]);
    const other = build(bySize, { sizes: { n: 3 } });
    assert.deepEqual(values(other, vector(1, 2, 3)), [[101, 102, 103]]);
    assert.ok(![...nodes(then), ...nodes(other)].some((n) => n.op.name === 'If'));
    assert.deepEqual(
      nodes(then).map((n) => n.origin),
      [['twice'], ['y/t']],
    );
  });

  it('asks for the small input that decides', () => {
    assert.deepEqual(
      pinsOf(() => build(byInput)),
      [[], ['sr'], []],
    );
    const g = build(byInput, { values: { sr: scalar('int64', 16000) } });
    assert.deepEqual(
      g.inputs.map((v) => v.name),
      ['x', 'sr'],
    );
    assert.deepEqual(values(g, vector(1, 2), scalar('int64', 0)), [[7, 9]]);
    const other = build(byInput, { values: { sr: scalar('int64', 8000) } });
    assert.deepEqual(values(other, vector(1, 2), scalar('int64', 0)), [[101, 102]]);
  });

  it('refuses pinned contents of another type', () => {
    for (const sr of [scalar('int32', 1), fromNumbers('int64', [1], [1])])
      assert.throws(() => build(byInput, { values: { sr } }), /input 'sr' must be int64\[\]/);
  });

  it('keeps an If where data decides', () => {
    const image = graph(
      [
        node('Equal', ['m', 'm'], ['c']),
        node('If', ['c'], ['y'], {
          then_branch: branch('Bump', ['m'], 't'),
          else_branch: branch('Add', ['m', 'w'], 'e'),
        }),
      ],
      [f32('m', 1, 1)],
      [f32('y', 1)],
      { w: vector(100) },
    );
    const g = build(image);
    const [, chosen] = nodes(g);
    assert.equal(chosen?.op, If);
    assert.deepEqual(
      chosen.inputs.map((v) => v?.name),
      ['c', 'm'],
    );
    assert.deepEqual(values(g, fromNumbers('float32', [1, 1], [1])), [[6]]);
    assert.deepEqual(values(g, fromNumbers('float32', [1, 1], [NaN])), [[NaN]]);
  });

  it('keeps an If that it must not ask about', () => {
    const g = build(byInput, { unpinned: ['sr'] });
    assert.deepEqual(values(g, vector(1, 2), scalar('int64', 16000)), [[7, 9]]);
    assert.deepEqual(values(g, vector(1, 2), scalar('int64', 1)), [[101, 102]]);
    const captured = nodes(g)
      .find((n) => n.op.name === 'If')
      ?.inputs.map((v) => v?.name);
    assert.deepEqual(captured, ['c', 'twice', 'x']);
  });

  it('takes long vectors for data', () => {
    const wide = graph(
      [
        node('If', ['c'], ['y'], {
          then_branch: branch('Bump', ['x'], 't'),
          else_branch: branch('Bump', ['x'], 'e'),
        }),
      ],
      [f32('x', 1), valueInfo('c', 'bool', [65])],
      [f32('y', 1)],
    );
    assert.ok(nodes(build(wide)).some((n) => n.op.name === 'If'));
    assert.deepEqual(
      pinsOf(() => build(byData)),
      [[], ['c'], []],
    );
  });

  it('decides inner Ifs, too, and captures through bodies', () => {
    const inner: Attribute = {
      graph: graph(
        [
          node('If', ['d'], ['i'], {
            then_branch: branch('Add', ['x', 'x'], 't2'),
            else_branch: branch('Add', ['x', 'w'], 'e2'),
          }),
        ],
        [],
        [f32('i')],
      ),
    };
    const outer = graph(
      [
        node('Equal', ['m', 'm'], ['c']),
        node('Equal', ['sr', 'k'], ['d']),
        node('If', ['c'], ['y'], { then_branch: inner, else_branch: branch('Bump', ['x'], 'e') }),
      ],
      [f32('x', 2), f32('m', 1, 1), valueInfo('sr', 'int64', [])],
      [f32('y', 2)],
      { w: vector(100), k: scalar('int64', 16000) },
    );
    assert.deepEqual(
      pinsOf(() => build(outer)),
      [[], ['sr'], []],
    );
    const m = fromNumbers('float32', [1, 1], [1]);
    const sr = scalar('int64', 16000);
    const pinned = build(outer, { values: { sr } });
    assert.deepEqual(values(pinned, vector(1, 2), m, sr), [[2, 4]]);
    const open = build(outer, { unpinned: ['sr'] });
    assert.deepEqual(values(open, vector(1, 2), m, sr), [[2, 4]]);
    assert.deepEqual(values(open, vector(1, 2), m, scalar('int64', 1)), [[101, 102]]);
  });

  it('names what is wrong in a branch', () => {
    const bad = choose([], [f32('x', 2), valueInfo('c', 'bool', [])]);
    const broken = {
      ...bad,
      node: [
        node('If', ['c'], ['y'], {
          then_branch: branch('Bump', ['nowhere'], 't'),
          else_branch: branch('Bump', ['x'], 'e'),
        }),
      ],
    };
    fails(broken, 'HAIO_E_GRAPH', /node 'y' \(If\) uses 'nowhere', which nothing defines/);
  });
});

describe('importer: sizes from contents', () => {
  const upTo = (limit: Plain<NodeProto>[], ...inputs: Plain<ValueInfoProto>[]): Plain<GraphProto> =>
    graph([...limit, node('Head', ['x', 'k'], ['y'])], [f32('x', 5), ...inputs], [f32('y', null)]);
  const direct = upTo([], valueInfo('k', 'int64', []));

  it('asks for the small input that decides a size, not for the data', () => {
    assert.deepEqual(
      pinsOf(() => build(direct)),
      [[], ['k'], []],
    );
    const g = build(direct, { values: { k: scalar('int64', 2) } });
    assert.deepEqual(g.outputs[0]?.fact.type, { dtype: 'float32', shape: [2] });
    assert.deepEqual(shapeOf(build(direct, { unpinned: ['k'] }).outputs[0]!).map(String).length, 1);
  });

  it('asks for sizes that decide one by floats', () => {
    const g = upTo(
      [
        node('Shape', ['z'], ['s']),
        // a float of unknown elements that depends on z's size only
        node('Opaque', ['s'], ['k']),
      ],
      f32('z', 'n'),
    );
    assert.deepEqual(
      pinsOf(() => build(g)),
      [['n'], [], []],
    );
    assert.deepEqual(build(g, { sizes: { n: 3 } }).outputs[0]?.fact.type, {
      dtype: 'float32',
      shape: [3],
    });
  });

  it('leaves open what data decides', () => {
    const g = upTo([node('Opaque', ['m'], ['k'])], f32('m', 1, 1));
    assert.equal(typeof shapeOf(build(g).outputs[0]!)[0], 'object');
  });
});

describe('importer: functions', () => {
  const model = (
    functions: NonNullable<Plain<ModelProto>['functions']>,
    ...list: Plain<NodeProto>[]
  ): Plain<ModelProto> => ({
    ...modelOf(graph(list, [f32('x', 1)], [f32('y', 1)]), OPSET),
    functions,
  });
  const step: NonNullable<Plain<ModelProto>['functions']>[number] = {
    name: 'Step',
    domain: 'my',
    input: ['a', 'b'],
    output: ['r'],
    attribute: ['by'],
    attribute_proto: [{ name: 'more', type: 1, f: 1000 }],
    opset_import: [{ domain: '', version: 17 }],
    node: [
      node('Bump', ['a', '', 'b'], ['t'], { by: { ref: 'by' } }),
      node('Bump', ['t'], ['r'], { by: { ref: 'more' } }),
    ],
  };

  it('expands them with their attributes', () => {
    const { graph: g } = run(model([step], node('Step', ['x'], ['y'], { by: { float: 3 } }, 'my')));
    assert.deepEqual(values(g, vector(1)), [[1004]]);
    assert.deepEqual(
      nodes(g).map((n) => n.origin),
      [['y/t'], ['y/r']],
    );
    const other = node('Step', ['x', 'x'], ['y'], { more: { float: 0 } }, 'my');
    // `by` is absent: the operator's own default; b is given
    assert.deepEqual(values(run(model([step], other)).graph, vector(1)), [[4]]);
  });

  it('binds a function to its own operator sets', () => {
    const old = { ...step, opset_import: [{ domain: '', version: 9 }] };
    const { graph: g } = run(model([old], node('Step', ['x'], ['y'], {}, 'my')));
    assert.deepEqual(values(g, vector(0)), [[200]]);
  });

  it('stops functions that call themselves', () => {
    const self = { ...step, node: [node('Step', ['a'], ['r'], {}, 'my')] };
    assert.throws(() => run(model([self], node('Step', ['x'], ['y'], {}, 'my'))), {
      code: 'HAIO_E_GRAPH',
      message: /'Step' calls itself/,
    });
  });

  it('lists unsupported operators inside', () => {
    const bad = { ...step, node: [node('Nope', ['a'], ['r'])] };
    assert.throws(
      () => run(model([bad], node('Step', ['x'], ['y'], {}, 'my'))),
      /Nope \(ai.onnx 17/,
    );
  });
});

describe('reading a model', () => {
  it('refuses what is no model', () => {
    const bad = [
      new Uint8Array(),
      Uint8Array.of(1, 2, 3),
      Buffer.from('hello world'),
      new Uint8Array(64),
    ];
    for (const bytes of bad)
      assert.throws(() => readModel(bytes), { name: 'HaioError', code: 'HAIO_E_MODEL' });
  });
  it('needs an operator set from IR version 3 on', () => {
    const g = graph([node('Bump', ['x'], ['y'])], [f32('x', 1)], [f32('y', 1)]);
    const at = (ir_version: number): Graph => run({ ir_version, graph: g }).graph;
    assert.throws(() => at(3), /does not say which ai.onnx operator set/);
    assert.deepEqual(values(at(2), vector(0)), [[100]]);
  });
  it('keeps metadata', () => {
    const model = { ...modelOf(graph([], [], []), 1), metadata_props: [{ key: 'k', value: 'v' }] };
    assert.deepEqual(readModel(encodeModel(model)).metadata, { producer_name: 'haio', k: 'v' });
  });
  it('does not mistake strings for numbers', () => {
    const g = build(graph([], [], [f32('s')], { s: tensor('string', [1], ['a']) }));
    assert.deepEqual(g.outputs[0]?.weight?.strings, ['a']);
  });
});
