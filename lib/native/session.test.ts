import assert from 'node:assert/strict';
import { SOFTMAX, softmaxRow, softmaxWords, weightWords } from '../../test/plan-words.js';
import { HEADER } from '../plan/format.js';
import { loadAddon } from './binding.js';
import type { NativeFailure, NativeSession } from './types.js';

const addon = loadAddon();
const open = (lanes = 1, threads = 0): NativeSession =>
  addon.sessionCreate(0, { threads, isa: '', lanes });
const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i));
const failsWith = (code: NativeFailure['code'], reason: RegExp) => (e: unknown) => {
  assert.equal((e as NativeFailure).code, code);
  assert.match((e as NativeFailure).reason, reason);
  return true;
};
/** Some milliseconds of work. */
const LONG = { rows: 256, columns: 512, depth: 40 };
const longWords = (): Float64Array => softmaxWords(LONG.rows, LONG.columns, LONG.depth);
const longArray = (): Float32Array => new Float32Array(LONG.rows * LONG.columns);

describe('session', () => {
  const x = ramp(3 * 10);
  const expected = [0, 1, 2].flatMap((r) => softmaxRow(x.subarray(r * 10, r * 10 + 10)));
  const check = (y: Float32Array): void => {
    expected.forEach((v, i) => assert.ok(Math.abs(v - y[i]!) < 1e-6, `element ${i}`));
  };

  it('runs at once and queued, with the same result', async () => {
    const session = open();
    const binding = session.bind(softmaxWords(3, 10), SOFTMAX);
    assert.equal(binding.arenaBytes, 0);
    for (const inline of [true, false]) {
      const y = new Float32Array(30);
      assert.equal(session.runSync(binding, [x], [y], inline).code, 0);
      check(y);
    }
    const y = new Float32Array(30);
    const result = await session.run(binding, [x], [y], 1);
    assert.equal(result.code, 0);
    assert.ok(result.micros >= 0);
    check(y);
    await session.release();
  });

  it('takes any view of any memory: DataView, shared, at an offset', async () => {
    const session = open();
    const binding = session.bind(softmaxWords(3, 10), SOFTMAX);
    const shared = new Float32Array(new SharedArrayBuffer(160), 40, 30);
    shared.set(x);
    const y = new DataView(new ArrayBuffer(200), 4, 120);
    await session.run(binding, [shared], [y], 0);
    check(new Float32Array(y.buffer, 4, 30));
    await session.release();
  });

  it('refuses views that do not fit', () => {
    const session = open();
    const binding = session.bind(softmaxWords(3, 10), SOFTMAX);
    const y = new Float32Array(30);
    const run = (inputs: unknown[], outputs: unknown[]) => () =>
      session.runSync(binding, inputs as Float32Array[], outputs as Float32Array[], true);
    assert.throws(
      run([x.subarray(1)], [y]),
      failsWith('argument', /input 0: expected 120 bytes, got 116/),
    );
    assert.throws(run([x], [new Float64Array(30)]), failsWith('argument', /output 0: .* got 240/));
    assert.throws(run([], [y]), failsWith('argument', /inputs: expected 1, got 0/));
    assert.throws(
      run([[1, 2]], [y]),
      failsWith('argument', /typed array or DataView, got an object/),
    );
    assert.throws(
      run([new Uint8Array(new ArrayBuffer(124), 1, 120)], [y]),
      failsWith('argument', /aligned/),
    );
    const detached = new Float32Array(30);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    assert.throws(
      run([detached], [y]),
      failsWith('argument', /input 0: expected memory, got a detached/),
    );
    const view = new DataView(new ArrayBuffer(120));
    structuredClone(view.buffer, { transfer: [view.buffer] });
    assert.throws(run([view], [y]), failsWith('argument', /detached/));
  });

  it('refuses what is no binding of its own', async () => {
    const session = open();
    const other = open();
    const binding = other.bind(softmaxWords(3, 10), SOFTMAX);
    const y = new Float32Array(30);
    const use = (b: unknown) => () => session.runSync(b as typeof binding, [x], [y], true);
    assert.throws(use(binding), failsWith('argument', /another's/));
    assert.throws(use({}), failsWith('argument', /what bind\(\) returned, got an object/));
    assert.throws(use(session), failsWith('argument', /what bind\(\) returned/));
    assert.throws(use(undefined), failsWith('argument', /got undefined/));
    binding.release();
    assert.throws(
      () => other.runSync(binding, [x], [y], true),
      failsWith('released', /binding has been released/),
    );
    await Promise.all([session.release(), other.release()]);
  });

  it('queues runs on its lanes, and keeps them apart', async () => {
    const session = open(3);
    const small = session.bind(softmaxWords(3, 10), SOFTMAX);
    const large = session.bind(longWords(), SOFTMAX);
    const runs = Array.from({ length: 30 }, async (_, i) => {
      if (i % 5 === 0) {
        const y = longArray();
        assert.equal((await session.run(large, [longArray()], [y], i)).code, 0);
        assert.ok(y.every((v) => Math.abs(v - 1 / LONG.columns) < 1e-6));
        return;
      }
      const y = new Float32Array(30);
      assert.equal((await session.run(small, [x], [y], i)).code, 0);
      check(y);
    });
    const y = new Float32Array(30);
    assert.equal(session.runSync(small, [x], [y], false).code, 0);
    check(y);
    await Promise.all(runs);
    await session.release();
  });

  it('gives the same bits on any number of threads', async () => {
    const input = ramp(LONG.rows * LONG.columns);
    const results = await Promise.all(
      [1, 2, 3, 8].map(async (threads) => {
        const session = open(1, threads);
        const y = longArray();
        await session.run(session.bind(longWords(), SOFTMAX), [input], [y], 0);
        await session.release();
        return y;
      }),
    );
    for (const y of results) assert.deepEqual(y, results[0]);
  });

  it('aborts by token, queued or in flight', async () => {
    const session = open();
    const binding = session.bind(softmaxWords(LONG.rows, LONG.columns, 2000), SOFTMAX);
    const runs = [1, 2, 3, 2].map((token) =>
      session.run(binding, [longArray()], [longArray()], token),
    );
    await new Promise((done) => setTimeout(done, 5));
    const start = performance.now();
    session.abort(1);
    session.abort(2);
    session.abort(77);
    assert.equal((await runs[0]!).code, -1);
    assert.equal((await runs[1]!).code, -1);
    assert.equal((await runs[3]!).code, -1);
    assert.ok(performance.now() - start < 1000);
    session.abort(3);
    assert.equal((await runs[2]!).code, -1);
    // The abort is over with its run.
    const small = session.bind(softmaxWords(3, 10), SOFTMAX);
    assert.equal((await session.run(small, [x], [new Float32Array(30)], 1)).code, 0);
    await session.release();
  });

  it('finishes accepted runs at release, refuses new ones, then has no memory', async () => {
    const session = open();
    const binding = session.bind(longWords(), SOFTMAX);
    const runs = [0, 1, 2].map(() => session.run(binding, [longArray()], [longArray()], 0));
    binding.release();
    let settled = 0;
    for (const run of runs) void run.then((r) => (settled += r.code === 0 ? 1 : 0));
    const released = session.release();
    const again = session.release();
    const y = longArray();
    assert.throws(() => session.bind(longWords(), SOFTMAX), failsWith('released', /session/));
    assert.throws(() => session.run(binding, [y], [y], 0), failsWith('released', /session/));
    assert.throws(() => session.runSync(binding, [y], [y], true), failsWith('released', /session/));
    await released;
    assert.equal(settled, 3);
    await again;
    assert.deepEqual(session.memory(), { arena: 0, scratch: 0, plans: 0, allocations: 0 });
    session.abort(0);
    session.trim();
  });

  it('allocates for the first run of a shape only, and gives back on trim', async () => {
    const session = open();
    const binding = session.bind(longWords(), SOFTMAX);
    const before = session.memory();
    assert.equal(before.arena, 0);
    assert.ok(before.plans > 0);
    const run = () => session.run(binding, [longArray()], [longArray()], 0);
    await run();
    const first = session.memory();
    assert.ok(first.arena >= binding.arenaBytes && binding.arenaBytes > 0);
    for (let i = 0; i < 3; i++) await run();
    assert.deepEqual(session.memory(), first);
    const y = longArray();
    session.runSync(binding, [y], [longArray()], true);
    assert.deepEqual(session.memory(), first);
    session.trim();
    assert.equal(session.memory().arena, 0);
    assert.equal((await run()).code, 0);
    binding.release();
    assert.equal(session.memory().plans, 0);
    await session.release();
  });

  it('rejects a run for which there is no memory, and goes on', async () => {
    const session = open();
    const words = softmaxWords(3, 10);
    words[HEADER.indexOf('arenaBytes')] = 2 ** 45;
    const huge = session.bind(words, SOFTMAX);
    assert.equal(huge.arenaBytes, 2 ** 45);
    const y = new Float32Array(30);
    const memory = failsWith('memory', /cannot allocate \d+ bytes for a run/);
    await assert.rejects(session.run(huge, [x], [y], 0), memory);
    assert.throws(() => session.runSync(huge, [x], [y], true), memory);
    assert.equal(
      (await session.run(session.bind(softmaxWords(3, 10), SOFTMAX), [x], [y], 0)).code,
      0,
    );
    check(y);
    await session.release();
  });

  it('keeps its model alive after the last release of the id', async () => {
    const id = addon.modelCreate(4096);
    const session = addon.sessionCreate(id, { threads: 1, isa: 'portable', lanes: 1 });
    addon.modelRelease(id);
    const y = new Float32Array(30);
    const result = session.runSync(session.bind(weightWords(3, 10, 64), SOFTMAX), [], [y], true);
    assert.equal(result.code, 0);
    assert.ok(y.every((v) => Math.abs(v - 0.1) < 1e-6));
    await session.release();
  });

  it('refuses options that make no sense', () => {
    const create = (model: number, options: object) => () =>
      addon.sessionCreate(model, options as { threads: number; isa: string; lanes: number });
    assert.throws(create(12345, { threads: 0, isa: '', lanes: 1 }), failsWith('argument', /model/));
    assert.throws(create(0, { threads: -1, isa: '', lanes: 1 }), failsWith('argument', /threads/));
    assert.throws(create(0, { threads: 0, isa: '', lanes: 1e9 }), failsWith('argument', /lanes/));
    assert.throws(
      create(0, { threads: 0, isa: 7, lanes: 1 }),
      failsWith('argument', /isa: expected a string/),
    );
    assert.throws(create(0, { threads: 0, isa: 'z80', lanes: 1 }), failsWith('isa', /z80/));
  });
});
