/** Sessions from the outside: results, concurrency, cancelling, releasing, errors, memory. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { HaioError, Tensor, load } from '../lib/index.js';
import { random } from './models/random.js';
import { linear, passThrough, smallCnn, tower } from './models/towers.js';

const x = (n: number, width: number, seed = 5): Tensor =>
  new Tensor('float32', random(seed).tensor([n, width]).data, [n, width]);
const floats = (t: Tensor | undefined): Float32Array => t!.data as Float32Array;
const hasCode =
  (code: string, ...words: string[]) =>
  (e: unknown): boolean =>
    e instanceof HaioError && e.code === code && words.every((w) => e.message.includes(w));
/** Turns of the event loop while `work` goes on. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let going = true;
  const turn = (): void => {
    turns++;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  going = false;
  return turns;
}

describe('session', () => {
  it('gives the same result for run and runSync, and for every batch size', async () => {
    const session = await load(linear(24));
    const whole = await session.run({ x: x(7, 24) });
    assert.deepEqual(whole['y']!.dims, [7, 24]);
    assert.deepEqual(session.runSync({ x: x(7, 24) }), whole);
    for (const n of [0, 1, 2, 5]) {
      const part = await session.run({
        x: new Tensor('float32', floats(x(7, 24)).subarray(0, n * 24), [n, 24]),
      });
      assert.equal(part['y']!.dims[0], n);
      floats(part['y']).forEach((v, i) => {
        const want = floats(whole['y'])[i]!;
        assert.ok(Math.abs(v - want) <= 1e-5 * (1 + Math.abs(want)), `n ${n}, element ${i}`);
      });
    }
    await session.release();
  });

  it('runs many at once, each right', async () => {
    const session = await load(smallCnn(), { threads: 2 });
    const inputs = Array.from(
      { length: 20 },
      (_, i) => new Tensor('float32', random(100 + i).tensor([1, 3, 32, 32]).data, [1, 3, 32, 32]),
    );
    const alone = [];
    for (const t of inputs) alone.push(await session.run({ x: t }));
    const together = await Promise.all(inputs.map((t) => session.run({ x: t })));
    assert.deepEqual(together, alone);
    await session.release();
  });

  it('uses several lanes', async () => {
    const session = await load(tower(256, 6), { lanes: 3 });
    const want = await session.run({ x: x(32, 256) });
    const got = await Promise.all(Array.from({ length: 9 }, () => session.run({ x: x(32, 256) })));
    for (const g of got) assert.deepEqual(g, want);
    await session.release();
  });

  it('gives the same bits with one thread and with two', async () => {
    const results = [];
    for (const threads of [1, 2]) {
      const session = await load(tower(192, 3), { threads });
      results.push(await session.run({ x: x(33, 192) }));
      await session.release();
    }
    assert.deepEqual(results[0], results[1]);
  });

  it('does not hold the event loop', async () => {
    const session = await load(tower(512, 12));
    await session.run({ x: x(256, 512) });
    // a loop that waits for runs turns a few times while ten are made
    const turns = await turnsDuring(() =>
      Promise.all(Array.from({ length: 10 }, () => session.run({ x: x(256, 512) }))),
    );
    assert.ok(turns > 10, `${turns} turns`);
    await session.release();
  });

  it('stops a run by its signal, queued or in flight', async () => {
    const session = await load(tower(512, 40));
    const feeds = { x: x(256, 512) };
    await session.run(feeds);
    const control = new AbortController();
    const runs = [1, 2, 3].map(() => session.run(feeds, { signal: control.signal }));
    setTimeout(() => control.abort(new Error('enough')), 5);
    for (const r of await Promise.allSettled(runs)) {
      assert.equal(r.status, 'rejected');
      assert.ok(hasCode('HAIO_E_ABORTED')(r.reason));
    }
    const full = await session.run(feeds);
    assert.equal(full['y']!.dims[0], 256);
    await assert.rejects(session.run(feeds, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    await session.release();
  });

  it('gives each run of a burst what its feeds were, through a release, and refuses what comes after', async () => {
    const session = await load(linear(24));
    const inputs = Array.from({ length: 500 }, (_, i) => x(1, 24, i));
    const alone = [];
    for (const t of inputs) alone.push(await session.run({ x: t }));
    const feeds: Record<string, Tensor> = {};
    const burst = inputs.map((t) => {
      feeds['x'] = t;
      return session.run(feeds);
    });
    const wrong = session.run(null as never);
    const stopped = session.run({ x: inputs[0]! }, { signal: AbortSignal.abort() });
    const released = session.release();
    const late = session.run({ x: inputs[0]! });
    await assert.rejects(late, hasCode('HAIO_E_RELEASED'));
    await assert.rejects(wrong, hasCode('HAIO_E_ARGUMENT', 'feeds'));
    await assert.rejects(stopped, hasCode('HAIO_E_ABORTED'));
    assert.deepEqual(await Promise.all(burst), alone);
    await released;
    assert.throws(() => session.runSync({ x: inputs[0]! }), hasCode('HAIO_E_RELEASED'));
  });

  it('releases safely while runs are in flight', async () => {
    const session = await load(tower(256, 20));
    const runs = [1, 2, 3].map(() => session.run({ x: x(64, 256) }));
    await session.release();
    for (const r of runs) assert.equal((await r)['y']!.dims[0], 64);
    await assert.rejects(session.run({ x: x(1, 256) }), hasCode('HAIO_E_RELEASED'));
    await session.release();
  });

  it('fills given outputs in place and leaves out unwanted ones', async () => {
    const session = await load(linear(24));
    const want = floats((await session.run({ x: x(3, 24) }))['y']);
    const y = new Float32Array(72);
    const out = await session.run(
      { x: x(3, 24) },
      { outputs: { y: new Tensor('float32', y, [3, 24]) } },
    );
    assert.deepEqual(y, want);
    assert.equal(out['y']!.data, y);
    await assert.rejects(
      session.run({ x: x(3, 24) }, { outputs: ['z'] }),
      hasCode('HAIO_E_NAME', "'z'", 'y'),
    );
    await assert.rejects(
      session.run({ x: x(3, 24) }, { outputs: { y: new Tensor('float32', y, [72]) } }),
      hasCode('HAIO_E_OUTPUT', 'float32[3,24]', 'float32[72]'),
    );
    await session.release();
  });

  it('fills given outputs that no kernel writes: inputs, constants, results of host nodes', async () => {
    const session = await load(passThrough());
    const given = Object.fromEntries(
      ['x', 'constant', 'places'].map((name) => [
        name,
        name === 'places'
          ? new Tensor('int64', new BigInt64Array(2), [1, 2])
          : new Tensor('float32', new Float32Array(3), [3]),
      ]),
    );
    const input = new Tensor('float32', new Float32Array([1, 0, 5]), [3]);
    const results = await session.run({ in: input }, { outputs: given });
    for (const [name, t] of Object.entries(given)) assert.equal(results[name]!.data, t.data, name);
    assert.deepEqual([...floats(given['x'])], [1, 0, 5]);
    assert.deepEqual([...floats(given['constant'])], [7, 8, 9]);
    assert.deepEqual([...(given['places']!.data as BigInt64Array)], [0n, 2n]);
    await session.release();
  });

  it('says what is wrong with feeds', async () => {
    const session = await load(linear(24));
    const run = (feeds: object): Promise<unknown> => session.run(feeds as never);
    await assert.rejects(run({}), hasCode('HAIO_E_INPUT', "'x'", 'float32[n,24]', 'nothing'));
    await assert.rejects(
      run({ x: x(2, 12) }),
      hasCode('HAIO_E_INPUT', 'float32[n,24]', 'float32[2,12]'),
    );
    await assert.rejects(
      run({ x: new Tensor('int32', new Int32Array(24), [1, 24]) }),
      hasCode('HAIO_E_INPUT', 'int32[1,24]'),
    );
    await assert.rejects(run({ x: x(1, 24), extra: x(1, 24) }), hasCode('HAIO_E_NAME', 'extra'));
    await assert.rejects(run({ x: 5 }), hasCode('HAIO_E_INPUT', 'number 5'));
    await assert.rejects(
      run({ x: { type: 'float32', dims: [1, 24], data: new Float32Array(3) } }),
      hasCode('HAIO_E_INPUT'),
    );
    const gone = new Float32Array(24);
    structuredClone(gone, { transfer: [gone.buffer] });
    await assert.rejects(run({ x: { type: 'float32', dims: [1, 24], data: gone } }));
    await session.release();
  });

  it('refuses bad models and options with a code', async () => {
    await assert.rejects(load('no-such-file.onnx'), hasCode('HAIO_E_FILE', 'no-such-file.onnx'));
    await assert.rejects(load(new Uint8Array([1, 2, 3])), hasCode('HAIO_E_MODEL'));
    await assert.rejects(load(linear(4).subarray(0, 100)), (e) => e instanceof HaioError);
    await assert.rejects(load(linear(4), { isa: 'z80' }), hasCode('HAIO_E_ISA', 'z80', 'portable'));
    await assert.rejects(load(linear(4), { thread: 1 } as never), hasCode('HAIO_E_NAME', 'thread'));
    await assert.rejects(load(linear(4), { threads: -1 }), hasCode('HAIO_E_ARGUMENT', 'threads'));
    const names = ['fuse-gelou', 'fold-constants', 'narrow'];
    await assert.rejects(
      load(linear(4), { off: ['fuse-gelou'] }),
      hasCode('HAIO_E_NAME', ...names),
    );
    await assert.rejects(load(linear(4), { sizes: { m: 3 } }), hasCode('HAIO_E_NAME', "'m'", 'n'));
    const session = await load(linear(4), { off: ['fold', 'fuse-chains'], sizes: { n: 3 } });
    assert.equal((await session.run({ x: x(3, 4) }))['y']!.dims[0], 3);
    await session.release();
  });

  it('allocates nothing natively once a shape has run', async () => {
    const session = await load(smallCnn());
    const feeds = { x: new Tensor('float32', new Float32Array(3 * 32 * 32), [1, 3, 32, 32]) };
    await session.run(feeds);
    await session.run(feeds);
    const before = session.memory.allocations;
    for (let i = 0; i < 20; i++) await session.run(feeds);
    assert.equal(session.memory.allocations, before);
    assert.ok(session.memory.arena >= session.memory.lowerBound);
    assert.ok(session.memory.weights > 0);
    await session.release();
  });

  it('compiles once for numbers that runs bring, and for each run its own', async () => {
    const root = new URL('../../', import.meta.url).pathname;
    const file = join(root, 'node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx');
    const feeds = (samples: number, rate: number): Record<string, Tensor> => ({
      input: new Tensor(
        'float32',
        Float32Array.from({ length: samples }, (_, i) => Math.sin(i / 3)),
        [1, samples],
      ),
      state: new Tensor('float32', new Float32Array(256), [2, 1, 128]),
      sr: new Tensor('int64', [rate], []),
    });
    const phases: string[] = [];
    const alone = await load(file, { onProgress: (phase) => phases.push(phase) });
    const wide = await alone.run(feeds(512, 16000));
    assert.equal(phases.filter((p) => p === 'plan').length, 1, phases.join());
    const narrow = await alone.run(feeds(256, 8000));
    await alone.release();
    // both are asked for before anything is known of what the graph depends on
    await using together = await load(file);
    const [a, b] = await Promise.all([
      together.run(feeds(512, 16000)),
      together.run(feeds(256, 8000)),
    ]);
    assert.deepEqual(floats(a['output']), floats(wide['output']));
    assert.deepEqual(floats(b['output']), floats(narrow['output']));
  });

  it('works in worker threads', async () => {
    const script = fileURLToPath(new URL('./worker.js', import.meta.url));
    const results = await Promise.all(
      [0, 1, 2].map(
        (seed) =>
          new Promise<number>((resolve, reject) => {
            const worker = new Worker(script, { workerData: seed });
            worker.once('message', resolve);
            worker.once('error', reject);
          }),
      ),
    );
    assert.deepEqual(results, [5, 5, 5]);
  });
});
