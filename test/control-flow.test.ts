/** If, Loop and Scan as blocks of the plan: against the reference interpreter, on every ISA. */
import assert from 'node:assert/strict';
import { HaioError, Tensor, load } from '../lib/index.js';
import { loadAddon } from '../lib/native/binding.js';
import { encodeModel, graph, modelOf, node, valueInfo } from '../lib/onnx/export.js';
import { type Tensor as Plain, fromNumbers } from '../lib/tensor/tensor.js';
import { controlFlow, controlFlowFeeds } from './models/control-flow.js';
import { random } from './models/random.js';
import { runReference } from './reference.js';

const isas = loadAddon()
  .inspect()
  .isas.filter((isa) => isa.usable && isa.width)
  .map((isa) => isa.name);

const tensors = (feeds: Readonly<Record<string, Plain>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, t]) => [name, new Tensor(t.dtype, t.data, t.shape)]),
  );

function close(got: Tensor, want: Plain, what: string): void {
  assert.deepEqual(got.dims, want.shape, what);
  (want.data as Float32Array).forEach((w, i) => {
    const g = (got.data as Float32Array)[i]!;
    assert.ok(Math.abs(g - w) <= 2e-4 * (1 + Math.abs(w)), `${what}, element ${i}: ${g}, not ${w}`);
  });
}

describe('random models of If, Loop and Scan', () => {
  const count = Number(process.env['HAIO_FLOW_MODELS'] ?? 24);
  for (let seed = 1; seed <= count; seed++)
    it(`model ${seed}: no host node, right on every ISA and thread count`, async () => {
      const bytes = controlFlow(seed, 1 + (seed % 3));
      for (const isa of isas)
        for (const threads of [1, 2]) {
          const session = await load(bytes, { isa, threads });
          for (const [n, k] of [
            [3, 2],
            [1, 0],
            [0, 3],
            [5, 7],
          ] as const) {
            const feeds = controlFlowFeeds(seed, n, k);
            const want = runReference(bytes, feeds)['y']!;
            const what = `${isa}, ${threads} threads, n ${n}, k ${k}`;
            close((await session.run(tensors(feeds)))['y']!, want, what);
            close(session.runSync(tensors(feeds))['y']!, want, `${what}, sync`);
          }
          assert.doesNotMatch(session.explain(), /in JavaScript/);
          await session.release();
        }
    });
});

const x = valueInfo('x', 'float32', ['n', 4]);
const feed = (n: number, from = 1): Tensor =>
  new Tensor(
    'float32',
    Float32Array.from({ length: 4 * n }, (_, i) => i + from),
    [n, 4],
  );
const number = (value: number): Plain => fromNumbers('int64', [], [value]);
const model = (
  nodes: readonly Node[],
  outputs: Parameters<typeof graph>[2],
  inputs: Parameters<typeof graph>[1] = [x],
  constants: Readonly<Record<string, Plain>> = {},
): Uint8Array => encodeModel(modelOf(graph(nodes, inputs, outputs, constants), 17));
type Node = Parameters<typeof graph>[0][number];

/** a becomes a + x until `on` is false; items are the sums. */
const summing = (more: readonly Node[] = []): ReturnType<typeof graph> =>
  graph(
    [node('Add', ['a', 'x'], ['sum']), node('Identity', ['sum'], ['item']), ...more],
    [valueInfo('i', 'int64', []), valueInfo('go', 'bool', []), valueInfo('a', 'float32', ['n', 4])],
    [
      valueInfo(more.length > 0 ? 'on' : 'go', 'bool', []),
      valueInfo('sum', 'float32', ['n', 4]),
      ...(more.length > 0 ? [] : [valueInfo('item', 'float32', ['n', 4])]),
    ],
  );

describe('loops', () => {
  it('collect the items of each trip in place, also of none', async () => {
    for (const trips of [0, 1, 3]) {
      const outputs = [
        valueInfo('last', 'float32', ['n', 4]),
        valueInfo('items', 'float32', [trips, 'n', 4]),
      ];
      const loop = node('Loop', ['trips', '', 'x'], ['last', 'items'], {
        body: { graph: summing() },
      });
      const session = await load(model([loop], outputs, [x], { trips: number(trips) }));
      const { last, items } = await session.run({ x: feed(2) });
      assert.deepEqual(items!.dims, [trips, 2, 4]);
      const want = (t: number): number[] => [...(feed(2).data as Float32Array)].map((v) => v * t);
      assert.deepEqual([...(last!.data as Float32Array)], want(trips + 1));
      const all = Array.from({ length: trips }, (_, t) => want(t + 2)).flat();
      assert.deepEqual([...(items!.data as Float32Array)], all);
      assert.doesNotMatch(session.explain(), /in JavaScript/);
      await session.release();
    }
  });

  /** Sums until the first element reaches `top`; `first` is the condition before. */
  const until = (): Uint8Array =>
    model(
      [
        node('Loop', ['limit', 'first', 'x'], ['y'], {
          body: {
            graph: summing([
              node('ReduceMax', ['sum'], ['most'], { keepdims: 0 }),
              node('Less', ['most', 'top'], ['on']),
            ]),
          },
        }),
      ],
      [valueInfo('y', 'float32', ['n', 4])],
      [
        x,
        valueInfo('limit', 'int64', []),
        valueInfo('first', 'bool', []),
        valueInfo('top', 'float32', []),
      ],
    );
  const feeds = (limit: bigint, first: boolean, top: number): Record<string, Tensor> => ({
    x: new Tensor('float32', Float32Array.of(1, 1, 1, 1), [1, 4]),
    limit: new Tensor('int64', BigInt64Array.of(limit), []),
    first: new Tensor('bool', Uint8Array.of(first ? 1 : 0), []),
    top: new Tensor('float32', Float32Array.of(top), []),
  });
  it('end by their limit, their condition, or before the first trip', async () => {
    const session = await load(until());
    for (const [limit, first, top, want] of [
      [100n, true, 10, 10],
      [3n, true, 10, 4],
      [100n, true, 0, 2],
      [100n, false, 10, 1],
      [0n, true, 10, 1],
      [-5n, true, 10, 1],
    ] as const)
      for (const run of [
        (f: ReturnType<typeof feeds>) => session.run(f),
        (f: ReturnType<typeof feeds>) => session.runSync(f),
      ]) {
        const { y } = await run(feeds(limit, first, top));
        assert.deepEqual([...(y!.data as Float32Array)], [want, want, want, want]);
      }
    assert.doesNotMatch(session.explain(), /in JavaScript/);
    await session.release();
  });

  it('are stopped by a signal, off the JavaScript thread, and right afterwards', async () => {
    const session = await load(until());
    for (let round = 0; round < 2; round++) {
      const control = new AbortController();
      const endless = session.run(feeds(1n << 62n, true, Infinity), { signal: control.signal });
      let turns = 0;
      while (turns < 20) {
        await new Promise((resume) => setImmediate(resume));
        turns++;
      }
      control.abort();
      await assert.rejects(endless, { name: 'AbortError' });
      const { y } = await session.run(feeds(100n, true, 10));
      assert.deepEqual([...(y!.data as Float32Array)], [10, 10, 10, 10]);
    }
    await session.release();
  });

  it('report the node within a body that finds an index out of range', async () => {
    const body = graph(
      [node('Gather', ['x', 'i'], ['row'], { name: 'picker' }), node('Identity', ['go'], ['on'])],
      [valueInfo('i', 'int64', []), valueInfo('go', 'bool', [])],
      [valueInfo('on', 'bool', []), valueInfo('row', 'float32', [4])],
    );
    const loop = node('Loop', ['trips', ''], ['rows'], { body: { graph: body } });
    const outputs = [valueInfo('rows', 'float32', [3, 4])];
    const session = await load(model([loop], outputs, [x], { trips: number(3) }));
    const { rows } = await session.run({ x: feed(3) });
    assert.deepEqual([...(rows!.data as Float32Array)], [...(feed(3).data as Float32Array)]);
    await assert.rejects(
      session.run({ x: feed(2) }),
      (e) => e instanceof HaioError && e.code === 'HAIO_E_DATA' && /index 2/.test(e.message),
    );
    const again = await session.run({ x: feed(3, 5) });
    assert.deepEqual(
      [...(again['rows']!.data as Float32Array)],
      [...(feed(3, 5).data as Float32Array)],
    );
    await session.release();
  });
});

describe('branches', () => {
  it('overlay each other in the arena, and are optimised like the graph around', async () => {
    const [rows, width] = [256, 64];
    const info = (name: string): ReturnType<typeof valueInfo> =>
      valueInfo(name, 'float32', [rows, width]);
    const weights = Object.fromEntries(
      ['a', 'b'].map((k, i) => [k, random(i + 1).tensor([width, width], 0.1)]),
    );
    const branch = (w: string): ReturnType<typeof graph> =>
      graph(
        ['p', 'q', 'r'].flatMap((v, i) => [
          node('MatMul', [i === 0 ? 'x' : `${'pq'[i - 1]!}_`, w], [v]),
          node('Relu', [v], [`${v}_`]),
        ]),
        [],
        [info('r_')],
      );
    const branches = { then_branch: { graph: branch('a') }, else_branch: { graph: branch('b') } };
    const session = await load(
      model(
        [
          node('ReduceSum', ['x'], ['sum'], { keepdims: 0 }),
          node('Less', ['sum', 'zero'], ['yes']),
          node('If', ['yes'], ['z'], branches),
          node('Softmax', ['z'], ['y']),
        ],
        [info('y')],
        [info('x')],
        { ...weights, zero: fromNumbers('float32', [], [0]) },
      ),
    );
    const values = random(9).tensor([rows, width]).data as Float32Array;
    await session.run({ x: new Tensor('float32', values, [rows, width]) });
    // products with their Relus, and none of the weights packed at the run
    const kernels = [...session.explain().matchAll(/(then|else): (\S+)/g)].map((m) => m[2]);
    assert.deepEqual(kernels, new Array(6).fill('gemm.f32'));
    // a product's input and output, and the result of both branches; not five tensors
    assert.ok(session.memory.arena < 3.1 * rows * width * 4, `${session.memory.arena} bytes`);
    await session.release();
  });
});

describe('bodies of nodes that no block can hold', () => {
  /** y starts as x and grows by a row of products a trip; items are the last rows. */
  const growing = (width: number): Uint8Array => {
    const rows = ['m', width];
    const body = graph(
      [
        node('MatMul', ['x', 'w'], ['p0']),
        ...[1, 2, 3].map((i) => node('MatMul', [`p${i - 1}`, 'w'], [`p${i}`])),
        node('ReduceSum', ['p3', 'axis'], ['row'], { keepdims: 1 }),
        node('Concat', ['y0', 'row'], ['longer'], { axis: 0 }),
        node('Identity', ['row'], ['item']),
      ],
      [valueInfo('i', 'int64', []), valueInfo('go', 'bool', []), valueInfo('y0', 'float32', rows)],
      [
        valueInfo('go', 'bool', []),
        valueInfo('longer', 'float32', rows),
        valueInfo('item', 'float32', [1, width]),
      ],
    );
    const loop = node('Loop', ['k', '', 'x'], ['y', 'items'], { body: { graph: body } });
    return model(
      [loop],
      [valueInfo('y', 'float32', rows), valueInfo('items', 'float32', ['k_', 1, width])],
      [valueInfo('x', 'float32', ['n', width]), valueInfo('k', 'int64', [])],
      { w: random(4).tensor([width, width], 0.05), axis: fromNumbers('int64', [1], [0]) },
    );
  };
  const growingFeeds = (n: number, width: number, k: number): Record<string, Plain> => ({
    x: random(n).tensor([n, width]),
    k: number(k),
  });

  it('run natively: a loop whose value grows, with as many items as data says', async () => {
    const bytes = growing(8);
    const session = await load(bytes);
    for (const k of [3, 0, 1]) {
      const feeds = growingFeeds(2, 8, k);
      const want = runReference(bytes, feeds);
      for (const got of [await session.run(tensors(feeds)), session.runSync(tensors(feeds))]) {
        close(got['y']!, want['y']!, `k ${k}`);
        assert.deepEqual(got['items']!.dims, [k, 1, 8]);
        if (k > 0) close(got['items']!, want['items']!, `k ${k}`);
      }
    }
    const text = session.explain();
    assert.match(text, /in JavaScript: Loop/);
    assert.match(text, /gemm.f32/);
    assert.equal(text.match(/in JavaScript/g)!.length, 1, 'the loop, and nothing in it');
    await session.release();
  });

  it('let the event loop turn, and stop when told to', async () => {
    const session = await load(growing(256));
    const feeds = tensors(growingFeeds(512, 256, 40));
    let turns = 0;
    let going = true;
    const turn = (): void => {
      turns++;
      if (going) setImmediate(turn);
    };
    setImmediate(turn);
    const { y } = await session.run(feeds);
    going = false;
    assert.equal(y!.dims[0], 552);
    assert.ok(turns > 40, `${turns} turns`);
    const control = new AbortController();
    const long = session.run(
      { ...feeds, k: new Tensor('int64', BigInt64Array.of(1n << 40n), []) },
      { signal: control.signal },
    );
    setTimeout(() => control.abort(), 20);
    await assert.rejects(long, { name: 'AbortError' });
    await session.release();
  });

  it('run natively: branches of different sizes, within a loop within a branch', async () => {
    const branch = (...nodes: Node[]): ReturnType<typeof graph> =>
      graph(nodes, [], [valueInfo('b', 'float32', ['m', 4])]);
    const inner = graph(
      [
        node('Identity', ['go'], ['on']),
        node('Add', ['a', 'x'], ['next']),
        node('Concat', ['a', 'next'], ['both'], { axis: 0 }),
        node('ReduceMax', ['both', 'axis'], ['most'], { keepdims: 1 }),
        node('Add', ['a', 'most'], ['sum']),
      ],
      [
        valueInfo('i', 'int64', []),
        valueInfo('go', 'bool', []),
        valueInfo('a', 'float32', ['n', 4]),
      ],
      [valueInfo('on', 'bool', []), valueInfo('sum', 'float32', ['n', 4])],
    );
    const bytes = model(
      [
        node('ReduceSum', ['x'], ['total'], { keepdims: 0 }),
        node('Less', ['total', 'zero'], ['yes']),
        node('If', ['yes'], ['y'], {
          then_branch: {
            graph: branch(
              node('Loop', ['two', '', 'x'], ['l'], { body: { graph: inner } }),
              node('Concat', ['l', 'x'], ['b'], { axis: 0 }),
            ),
          },
          else_branch: { graph: branch(node('Tanh', ['x'], ['b'])) },
        }),
      ],
      [valueInfo('y', 'float32', ['m', 4])],
      [x],
      {
        zero: fromNumbers('float32', [], [0]),
        two: number(2),
        axis: fromNumbers('int64', [1], [0]),
      },
    );
    const session = await load(bytes);
    for (const from of [1, -100])
      for (const n of [2, 5]) {
        const t = feed(n, from);
        const want = runReference(bytes, { x: { dtype: 'float32', shape: t.dims, data: t.data } });
        close((await session.run({ x: t }))['y']!, want['y']!, `from ${from}, n ${n}`);
      }
    const text = session.explain();
    assert.equal(text.match(/in JavaScript/g)!.length, 1, text);
    await session.release();
  });
});
