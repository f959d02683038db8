/** Sequences and random tensors inside of models: between native regions, and in bodies. */
import assert from 'node:assert/strict';
import { Tensor, load } from '../lib/index.js';
import {
  type Attribute,
  encodeModel,
  graph,
  modelOf,
  node,
  valueInfo,
} from '../lib/onnx/export.js';
import type { NodeProto, Plain, ValueInfoProto } from '../lib/onnx/messages.js';
import { type Tensor as Constant, fromNumbers } from '../lib/tensor/tensor.js';

const feed = new Tensor('float32', Float32Array.of(1, 2), [2]);
const number = (value: number): Constant => fromNumbers('int64', [], [value]);
const yes = fromNumbers('bool', [], [1]);

/** y of two runs on x = [1, 2]. */
async function runs(
  nodes: readonly Plain<NodeProto>[],
  constants: Readonly<Record<string, Constant>> = {},
  opset = 17,
): Promise<readonly number[][]> {
  const ends = [[valueInfo('x', 'float32', ['n'])], [valueInfo('y', 'float32', ['m'])]] as const;
  const session = await load(encodeModel(modelOf(graph(nodes, ...ends, constants), opset)));
  const results = [await session.run({ x: feed }), session.runSync({ x: feed })];
  await session.release();
  return results.map((r) => [...(r['y']!.data as Float32Array)]);
}

describe('sequences in a model', () => {
  it('go round a loop and become a tensor', async () => {
    // what a body takes has the types that go in: those written here are only names
    const sequence: Plain<ValueInfoProto> = { name: 'seq' };
    const body = graph(
      [
        node('Cast', ['i'], ['f'], { to: 1 }),
        node('Mul', ['x', 'f'], ['xi']),
        node('SequenceInsert', ['seq', 'xi'], ['longer']),
        node('Identity', ['go'], ['on']),
      ],
      [valueInfo('i', 'int64', []), valueInfo('go', 'bool', []), sequence],
      [valueInfo('on', 'bool', []), { name: 'longer' }],
    );
    const [first, second] = await runs(
      [
        node('SequenceEmpty', [], ['none']),
        node('Loop', ['three', 'yes', 'none'], ['all'], { body: { graph: body } }),
        node('ConcatFromSequence', ['all'], ['joined'], { axis: 0 }),
        node('Add', ['joined', 'joined'], ['y']),
      ],
      { three: number(3), yes },
    );
    assert.deepEqual(first, [0, 0, 2, 4, 4, 8]);
    assert.deepEqual(second, first);
  });
  it('are made of native results and give native operands', async () => {
    const [first] = await runs(
      [
        node('Neg', ['x'], ['a']),
        node('SequenceConstruct', ['x', 'a'], ['seq']),
        node('SequenceAt', ['seq', 'last'], ['item']),
        node('Optional', ['item'], ['maybe']),
        node('OptionalGetElement', ['maybe'], ['sure']),
        node('Mul', ['sure', 'x'], ['y']),
      ],
      { last: number(-1) },
    );
    assert.deepEqual(first, [-1, -4]);
  });
  it('are mapped by a body', async () => {
    const body = graph(
      [node('Add', ['item', 'x'], ['sum'])],
      [valueInfo('item', 'float32', ['k'])],
      [valueInfo('sum', 'float32', ['k'])],
    );
    const [first] = await runs([
      node('SequenceConstruct', ['x', 'x'], ['seq']),
      node('SequenceMap', ['seq'], ['sums'], { body: { graph: body } }),
      node('ConcatFromSequence', ['sums'], ['y'], { axis: 0 }),
    ]);
    assert.deepEqual(first, [2, 4, 2, 4]);
  });
  it('name the node of a bad position', async () => {
    const nodes = [
      node('SequenceConstruct', ['x'], ['seq']),
      node('SequenceAt', ['seq', 'last'], ['y']),
    ];
    await assert.rejects(runs(nodes, { last: number(1) }), /'y'.*position 1 is outside/);
  });
});

describe('random tensors', () => {
  const drawn = (type: string, attributes: Readonly<Record<string, Attribute>>) =>
    runs([
      node(type, type.endsWith('Like') ? ['x'] : [], ['r'], attributes),
      node('Add', ['r', 'r'], ['y']),
    ]);
  for (const type of ['RandomUniform', 'RandomNormal'])
    it(`${type} repeats with a seed and differs without`, async () => {
      const shape = [100];
      const [a, b] = await drawn(type, { shape, seed: { float: 3 } });
      assert.deepEqual(a, b);
      const [c] = await drawn(type, { shape, seed: { float: 4 } });
      assert.notDeepEqual(a, c);
      const [d, e] = await drawn(type, { shape });
      assert.notDeepEqual(d, e);
      assert.equal((await drawn(`${type}Like`, { seed: { float: 3 } }))[0]!.length, 2);
      const mean = a!.reduce((s, v) => s + v, 0) / 200;
      assert.ok(Math.abs(mean - (type === 'RandomUniform' ? 0.5 : 0)) < 0.3, `mean ${mean}`);
    });
  it('differ at each run of a body too', async () => {
    const body = graph(
      [node('RandomUniform', [], ['r'], { shape: [2] }), node('Identity', ['go'], ['on'])],
      [valueInfo('i', 'int64', []), valueInfo('go', 'bool', [])],
      [valueInfo('on', 'bool', []), valueInfo('r', 'float32', [2])],
    );
    const [a, b] = await runs(
      [
        node('Loop', ['three', 'yes'], ['rows'], { body: { graph: body } }),
        node('ReduceMax', ['rows'], ['most'], { axes: [0], keepdims: 0 }),
        node('Add', ['most', 'x'], ['y']),
      ],
      { three: number(3), yes },
    );
    assert.notDeepEqual(a, b);
  });
  it('Bernoulli and Multinomial follow their probabilities', async () => {
    const [sure] = await runs([node('Sub', ['x', 'one'], ['p']), node('Bernoulli', ['p'], ['y'])], {
      one: fromNumbers('float32', [], [1]),
    });
    assert.deepEqual(sure, [0, 1]);
    const [classes] = await runs(
      [
        node('Multinomial', ['logs'], ['k'], { sample_size: 5 }),
        node('Cast', ['k'], ['f'], { to: 1 }),
        node('ReduceSum', ['f', 'axes'], ['sum'], { keepdims: 0 }),
        node('Add', ['sum', 'x'], ['y']),
      ],
      {
        logs: fromNumbers('float32', [1, 3], [-Infinity, -Infinity, 0]),
        axes: fromNumbers('int64', [1], [1]),
      },
    );
    assert.deepEqual(classes, [11, 12]);
  });
});
