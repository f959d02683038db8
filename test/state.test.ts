/** Sessions that remember: caches appended in place, states of their own, what may be done to them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '../bench/zoo/generate.js';
import { gpt2, gpt2State } from '../bench/zoo/gpt2.js';
import {
  HaioError,
  type Session,
  type State,
  Tensor,
  type TensorLike,
  compile,
  load,
} from '../lib/index.js';
import { encodeModel, graph, modelOf, node, valueInfo } from '../lib/onnx/export.js';
import { GALLERY } from './models/gallery.js';
import { random } from './models/random.js';
import { DECODER, DECODERS, PROMPT } from './zoo/decoder.js';

const make = (type: string, data: unknown, dims: readonly number[]): Tensor =>
  new Tensor(type as 'float32', data as Float32Array, dims);
const PAIRS = { 'past_key_values.*': 'present.*' };
const past = 'past_key_values.0.key';
const hasCode =
  (code: string, text: RegExp) =>
  (e: unknown): boolean =>
    e instanceof HaioError && e.code === code && text.test(e.message);

/** Largest difference relative to the largest element. */
function difference(a: Float32Array, b: Float32Array): number {
  const largest = a.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  return a.reduce((m, x, i) => Math.max(m, Math.abs(x - b[i]!)), 0) / largest;
}

describe('state', () => {
  const { layers, heads, hidden } = DECODER;
  let plain: Session;
  let session: Session;
  before(async () => {
    const model = gpt2(DECODER);
    plain = await load(model);
    session = await load(model, { state: PAIRS });
  });
  after(async () => {
    await plain.release();
    await session.release();
  });

  const withFeeds = (prompt: readonly number[], steps: number): ReturnType<typeof decode> =>
    decode((feeds) => plain.run(feeds), {
      make,
      prompt,
      steps,
      pairs: gpt2State(DECODER),
      empty: [1, heads, 0, hidden / heads],
    });
  const withState = (
    state: State,
    prompt: readonly number[],
    steps: number,
  ): ReturnType<typeof decode> =>
    decode((feeds) => session.run(feeds, { state }), {
      make,
      prompt,
      steps,
      length: state.length,
    });
  /** A step that nothing is asked of. */
  const step = (state: State | null = null, count = 1): Promise<Record<string, Tensor>> => {
    const total = (state ?? session.state!).length + count;
    return session.run(
      {
        input_ids: make('int64', new BigInt64Array(count).fill(1n), [1, count]),
        attention_mask: make('int64', new BigInt64Array(total).fill(1n), [1, total]),
      },
      state ? { state } : {},
    );
  };

  const recorded = JSON.parse(
    readFileSync(new URL('../../test/zoo/decoders.json', import.meta.url), 'utf8'),
  ) as Record<string, { tokens: number[]; logits: number[] }>;
  for (const [name, { model, pairs, empty }] of Object.entries(DECODERS))
    it(`says what onnxruntime-node says, token by token, with feeds and with a state: ${name}`, async () => {
      const want = recorded[name]!;
      const steps = want.tokens.length;
      const [fed, kept] = [await load(model()), await load(model(), { state: PAIRS })];
      for (const { tokens, logits } of [
        await decode((feeds) => fed.run(feeds), { make, prompt: PROMPT, steps, pairs, empty }),
        await decode((feeds) => kept.run(feeds), { make, prompt: PROMPT, steps }),
      ]) {
        assert.deepEqual(tokens, want.tokens);
        const last = logits.at(-1)!.subarray(0, want.logits.length);
        assert.ok(difference(Float32Array.from(want.logits), last) < 1e-4);
      }
      // it was appended, not handed on
      assert.equal(kept.state!.length, PROMPT.length + steps - 1);
      assert.ok(kept.state!.capacity >= kept.state!.length);
      await fed.release();
      await kept.release();
    });

  it('gives the same as feeds however often the buffers grow', async () => {
    const prompt = Array.from({ length: 60 }, (_, i) => (i * 7) % 50);
    const want = await withFeeds(prompt, 80);
    const state = session.createState();
    const got = await withState(state, prompt, 80);
    assert.deepEqual(got.tokens, want.tokens);
    assert.ok(got.logits.every((l, i) => difference(want.logits[i]!, l) < 1e-5));
    assert.ok(state.length === 139 && state.capacity === 192, `${state.length} ${state.capacity}`);
    assert.equal(state.bytes, 2 * layers * hidden * 192 * 4);
  });

  it('copies nothing that was there: each Concat is one copy of what is new', async () => {
    const copies = (s: Session): number =>
      s
        .explain()
        .split('\n')
        .filter((line) => /copy|pack/.test(line)).length;
    await step(session.createState());
    await withFeeds(PROMPT, 1);
    assert.equal(copies(plain) - copies(session), 2 * layers);
    assert.ok(copies(session) <= 2 * layers);
  });

  it('keeps conversations apart, at the same time', async () => {
    const prompts = [PROMPT, [9], [3, 4, 5, 6, 7, 8]];
    const want = [];
    for (const p of prompts) want.push((await withFeeds(p, 10)).tokens);
    const got = await Promise.all(
      prompts.map((p, i) => withState(session.createState({ capacity: 16 * i }), p, 10)),
    );
    assert.deepEqual(
      got.map((g) => g.tokens),
      want,
    );
  });

  it('goes back, forks, starts anew', async () => {
    const { tokens } = await withFeeds(PROMPT, 8);
    const state = session.state!;
    await withState(state, PROMPT, 8);
    const { capacity } = state;
    state.truncate(PROMPT.length);
    const twin = state.fork();
    assert.deepEqual((await withState(state, [tokens[0]!], 7)).tokens, tokens.slice(1));
    assert.deepEqual((await withState(twin, [tokens[0]!], 7)).tokens, tokens.slice(1));
    state.reset();
    assert.equal(state.length, 0);
    assert.deepEqual((await withState(state, PROMPT, 8)).tokens, tokens);
    assert.equal(state.capacity, capacity);
    state.reset();
  });

  it('stays as it was where a run is profiled', async () => {
    const state = session.state!;
    state.reset();
    await step(null, 3);
    const kept = state.get(past)!.data.slice();
    const profile = await session.profile(
      {
        input_ids: make('int64', new BigInt64Array(1).fill(1n), [1, 1]),
        attention_mask: make('int64', new BigInt64Array(4).fill(1n), [1, 4]),
      },
      { runs: 3, warmUp: 1 },
    );
    assert.equal(profile.runs, 3);
    assert.equal(state.length, 3);
    assert.deepEqual(state.get(past)!.data, kept);
    state.reset();
  });

  it('shows and takes contents', async () => {
    const state = session.createState({ capacity: 200 });
    assert.equal(state.get(past), null);
    await step(state, 5);
    const cache = state.get(past)!;
    assert.deepEqual(cache.dims, [1, heads, 5, hidden / heads]);
    const other = session.createState();
    for (const name of Object.keys(gpt2State(DECODER))) other.set(name, state.get(name)!);
    const [a, b] = [await step(state), await withSet(other)];
    assert.deepEqual(a['logits'], b);
    const asked = await session.run(
      {
        input_ids: make('int64', [1], [1, 1]),
        attention_mask: make('int64', Array(7).fill(1), [1, 7]),
      },
      { state, outputs: ['present.0.key'] },
    );
    assert.deepEqual(Object.keys(asked), ['present.0.key']);
    assert.deepEqual(asked['present.0.key']!.dims, [1, heads, 7, hidden / heads]);
    assert.equal(state.capacity, 200);
    async function withSet(s: State): Promise<Tensor> {
      const out = await session.run(
        {
          input_ids: make('int64', [1], [1, 1]),
          attention_mask: make('int64', Array(6).fill(1), [1, 6]),
        },
        { state: s },
      );
      assert.equal(s.length, 6);
      return out['logits']!;
    }
  });

  it('stays as it was where a run fails or is stopped', async () => {
    const state = session.createState();
    await step(state, 3);
    const before = state.get(past);
    await assert.rejects(
      session.run(
        { input_ids: make('int64', [1], [1, 1]), attention_mask: make('int64', [1, 1], [1, 2]) },
        { state },
      ),
    );
    await assert.rejects(
      session.run(
        {
          input_ids: make('int64', [1], [1, 1]),
          attention_mask: make('int64', Array(4).fill(1), [1, 4]),
        },
        { state, signal: AbortSignal.abort() },
      ),
      { name: 'AbortError' },
    );
    assert.equal(state.length, 3);
    assert.deepEqual(state.get(past), before);
    await step(state);
  });

  it('refuses misuse', async () => {
    const state = session.createState();
    const running = step(state, 2);
    await assert.rejects(step(state), hasCode('HAIO_E_ARGUMENT', /a run in flight/));
    for (const change of [() => state.reset(), () => state.truncate(0), () => state.fork()])
      assert.throws(change, hasCode('HAIO_E_ARGUMENT', /a run in flight/));
    await running;
    assert.throws(() => state.truncate(3), hasCode('HAIO_E_ARGUMENT', /at most 2/));
    assert.throws(() => state.truncate(-1), hasCode('HAIO_E_ARGUMENT', /length/));
    assert.throws(() => state.get('logits'), hasCode('HAIO_E_NAME', /'logits'/));
    assert.throws(() => session.createState({ capacity: 0.5 }), hasCode('HAIO_E_ARGUMENT', /capa/));
    assert.throws(() => plain.createState(), hasCode('HAIO_E_ARGUMENT', /option state/));
    assert.equal(plain.state, null);
    const ids = { input_ids: make('int64', [1], [1, 1]) };
    const mask = { attention_mask: make('int64', [1, 1, 1], [1, 3]) };
    await assert.rejects(
      session.run({ ...ids, ...mask, [past]: make('float32', [], [1, heads, 0, 1]) }),
      hasCode('HAIO_E_INPUT', /left to the state/),
    );
    await assert.rejects(
      session.run({ ...ids, ...mask }, { state, outputs: { 'present.0.key': ids.input_ids } }),
      hasCode('HAIO_E_OUTPUT', /left to the state/),
    );
    await assert.rejects(
      plain.run({ ...ids, ...mask }, { state }),
      hasCode('HAIO_E_ARGUMENT', /option state/),
    );
    const two = { input_ids: make('int64', [1, 1], [2, 1]) };
    const wide = { attention_mask: make('int64', Array(6).fill(1), [2, 3]) };
    await assert.rejects(session.run({ ...two, ...wide }, { state }), HaioError);
    assert.equal(state.length, 2);
    for (const [pairs, text] of [
      [{ nothing: 'logits' }, /unknown input 'nothing'/],
      [{ [past]: 'nothing' }, /unknown output 'nothing'/],
      [{ input_ids: 'logits' }, /of one type/],
      [{ 'past_key_values.*': 'present.0.key' }, /'present.0.key' twice/],
    ] as const)
      await assert.rejects(load(gpt2(DECODER), { state: pairs }), text);
  });

  it('hands on what is not appended', async () => {
    const { bytes, inputs } = GALLERY['lstm']!();
    const feed = (t: { shape: readonly number[]; data: unknown }): Tensor =>
      make('float32', t.data, t.shape);
    const x = feed(inputs['x']!);
    const zero = make('float32', new Float32Array(5), [1, 1, 5]);
    const fed = await load(bytes);
    const kept = await load(bytes, { state: { h: 'hn', c: 'cn' } });
    let memory: Record<string, TensorLike> = { h: zero, c: zero };
    for (let i = 0; i < 4; i++) {
      const want = await fed.run({ x, ...memory });
      const got = await kept.run({ x });
      assert.deepEqual(got, { y: want['y'] });
      memory = { h: want['hn']!, c: want['cn']! };
    }
    assert.deepEqual(kept.state!.get('c'), memory['c']);
    assert.throws(() => kept.state!.truncate(1), hasCode('HAIO_E_ARGUMENT', /at most 0/));
    kept.state!.set('h', zero);
    kept.state!.set('c', zero);
    assert.deepEqual((await kept.run({ x }))['y'], (await fed.run({ x, h: zero, c: zero }))['y']);
    await fed.release();
    await kept.release();
  });

  it('is kept by saved plans', async () => {
    const { tokens } = await withFeeds(PROMPT, 6);
    const plan = await compile(gpt2(DECODER), { state: PAIRS });
    const folder = mkdtempSync(join(tmpdir(), 'haio-state-'));
    const path = join(folder, 'decoder.haio');
    await plan.save(path);
    plan.release();
    const loaded = await load(path);
    const got = await decode((feeds) => loaded.run(feeds), { make, prompt: PROMPT, steps: 6 });
    assert.deepEqual(got.tokens, tokens);
    assert.equal(loaded.state!.length, PROMPT.length + 5);
    await assert.rejects(load(path, { state: PAIRS }), HaioError);
    await loaded.release();
    rmSync(folder, { recursive: true });
  });

  it('appends where a host node reads the past, too', async () => {
    const r = random(3);
    const model = encodeModel(
      modelOf(
        graph(
          [
            node('Concat', ['past', 'x'], ['present'], { axis: 1 }),
            node('NonZero', ['past'], ['places']),
            node('ReduceSum', ['present'], ['sum'], { keepdims: 0 }),
          ],
          [valueInfo('x', 'float32', [2, 'n']), valueInfo('past', 'float32', [2, 'p'])],
          [
            valueInfo('present', 'float32', [2, 'q']),
            valueInfo('places', 'int64', [2, null]),
            valueInfo('sum', 'float32', []),
          ],
        ),
        17,
      ),
    );
    const s = await load(model, { state: { past: 'present' } });
    const all: number[][] = [[], []];
    for (let i = 1; i < 6; i++) {
      const t = r.tensor([2, i]);
      const out = await s.run({ x: make('float32', t.data, t.shape) });
      assert.deepEqual(out['places']!.dims, [2, 2 * all[0]!.length]);
      [0, 1].forEach((row) =>
        all[row]!.push(...(t.data as Float32Array).slice(row * i, row * i + i)),
      );
      assert.deepEqual([...(s.state!.get('past')!.data as Float32Array)], all.flat());
    }
    await s.release();
  });
});
