/**
 * haio/ort answers every call as onnxruntime-node does (recorded by test/ort/record.ts), but for the
 * differences that are meant.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from '../lib/ort/index.js';
import { HaioError } from '../lib/errors.js';
import { identity, pair } from './ort/models.js';
import { SCENARIOS, outcomeOf } from './ort/scenarios.js';
import { tower } from './models/towers.js';

const recorded = JSON.parse(
  readFileSync(new URL('../../test/ort/recorded.json', import.meta.url), 'utf8'),
) as Record<string, { readonly fails?: string }>;

/** Answers that are meant to be others. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'run terminate': 'onnxruntime-node ignores it',
  'release twice': 'a second release waits for the first',
  'fetches in place': 'the data of the result is the given array',
};

describe('haio/ort', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-ort-'));
  after(() => rmSync(folder, { recursive: true }));

  it('has a recorded answer for each scenario', () => {
    assert.deepEqual(Object.keys(SCENARIOS), Object.keys(recorded));
  });

  for (const [name, scenario] of Object.entries(SCENARIOS))
    it(`${name}${name in DIFFERENT ? ` (${DIFFERENT[name]})` : ''}`, async () => {
      const got = (await outcomeOf(scenario, { ort, folder })) as { fails?: string };
      const want = recorded[name]!;
      const same = (): void => {
        if (want.fails !== undefined) assert.ok(got.fails !== undefined, JSON.stringify(got));
        else assert.deepEqual(got, want);
      };
      if (name in DIFFERENT) assert.throws(same);
      else same();
    });

  const feedsOf = (o: Pick<typeof ort, 'Tensor'>, rows = 1): Record<string, ort.Tensor> => {
    const t = new o.Tensor('float32', new Float32Array(3 * rows).fill(2), [rows, 3]);
    return { a: t, b: t };
  };

  it('takes tensors of the other copy of onnxruntime-common', async () => {
    const other = createRequire(import.meta.url)('onnxruntime-common') as typeof ort;
    assert.notEqual(other.Tensor, ort.Tensor);
    const s = await ort.InferenceSession.create(pair());
    const { sum } = await s.run(feedsOf(other));
    assert.ok(sum instanceof ort.Tensor);
    assert.deepEqual([...(sum.data as Float32Array)], [4, 4, 4]);
    await s.release();
  });

  it('takes a model in shared memory, where onnxruntime-node does not', async () => {
    const bytes = pair();
    const shared = new SharedArrayBuffer(bytes.length + 8);
    new Uint8Array(shared, 8).set(bytes);
    for (const make of [
      () => ort.InferenceSession.create(shared, 8, bytes.length),
      () => ort.InferenceSession.create(new Uint8Array(shared, 8)),
    ]) {
      const s = await make();
      assert.deepEqual((await s.run(feedsOf(ort)))['product']!.dims, [1, 3]);
      await s.release();
    }
  });

  it('stops a run by the run option signal', async () => {
    const s = await ort.InferenceSession.create(tower(512, 40));
    const x = new ort.Tensor('float32', new Float32Array(256 * 512), [256, 512]);
    await s.run({ x });
    const control = new AbortController();
    const options = { signal: control.signal } as ort.InferenceSession.RunOptions;
    const run = s.run({ x }, options);
    setTimeout(() => control.abort(), 2);
    await assert.rejects(run, { name: 'AbortError' });
    await s.release();
  });

  it('takes its own options under the name haio', async () => {
    const create = (haio: object): Promise<ort.InferenceSession> =>
      ort.InferenceSession.create(pair(), { haio } as ort.InferenceSession.SessionOptions);
    await (await create({ isa: 'portable', threads: 1 })).release();
    await assert.rejects(create({ isa: 'none' }), (e) => {
      assert.ok(e instanceof HaioError && e.code === 'HAIO_E_ISA');
      return true;
    });
    await assert.rejects(create({ nothing: 1 }), /unknown option 'nothing'/);
  });

  it('writes a profile', async () => {
    const s = await ort.InferenceSession.create(pair(), {
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    s.startProfiling();
    await s.run(feedsOf(ort));
    await s.run(feedsOf(ort));
    s.endProfiling();
    await s.release();
    const files = readdirSync(folder).filter((f) => f.startsWith('profile'));
    assert.equal(files.length, 1);
    const events = JSON.parse(readFileSync(join(folder, files[0]!), 'utf8')) as {
      name: string;
      dur: number;
    }[];
    assert.deepEqual(
      events.map((e) => e.name),
      ['model_loading', 'model_run', 'model_run'],
    );
    assert.ok(events.every((e) => e.dur > 0));
  });

  it('lists what it supports, knows its version', () => {
    assert.deepEqual(ort.listSupportedBackends()[0], { name: 'cpu', bundled: true });
    assert.match(ort.env.versions.node!, /^\d+\.\d+\.\d+$/);
  });

  it('does not mix up inputs named like members of objects', async () => {
    const s = await ort.InferenceSession.create(identity('float32'));
    await assert.rejects(s.run({ toString: feedsOf(ort)['a']! }), /input 'x' is missing/);
    await s.release();
  });
});
