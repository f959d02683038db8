/**
 * Decoding with GPT-2 small (seeded weights) at a given length of the past: a step of haio with a state
 * against onnxruntime-node handing its cache on, and against reading weights and cache once at the
 * bandwidth measured in the same run.
 *
 *   node dist/bench/decode.js [--past 1000] [--steps 12] [--threads 2] [--layers 12] [--only haio]
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Tensor, type TensorLike, load } from '../lib/index.js';
import { loadAddon } from '../lib/native/binding.js';
import { chooseIsa } from '../lib/runtime/isa.js';
import { makeProbe } from '../lib/runtime/probe.js';
import { rivalModule } from './rival.js';
import { GPT2, gpt2, gpt2State } from './zoo/gpt2.js';
import { median } from '../lib/runtime/statistics.js';

const { values } = parseArgs({
  options: {
    past: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '12' },
    threads: { type: 'string', default: '2' },
    layers: { type: 'string', default: String(GPT2.layers) },
    model: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const [past, steps, threads] = [values.past, values.steps, values.threads].map(Number) as [
  number,
  number,
  number,
];
const config = { ...GPT2, layers: Number(values.layers) };
const { layers, hidden, heads, vocabulary } = config;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Bytes that a step must read: every weight of a product once, keys and values once. */
const weights = 4 * (layers * 12 * hidden ** 2 + vocabulary * hidden);
const cache = 4 * 2 * layers * hidden * past;

/** GB/s that `threads` threads read of sets that no cache holds, between steps. */
const SET = 256 << 20;
const reading = makeProbe(loadAddon()).read(chooseIsa(undefined), SET, 1, threads);
const readings: number[] = [];
const measureBandwidth = (): void => void readings.push((SET * threads) / reading() / 1e3);

type Make = (type: string, data: unknown, dims: readonly number[]) => TensorLike;
/** Milliseconds of each step. `run` gets the feeds of a step with `length` positions before it. */
async function timed(
  make: Make,
  run: (feeds: Record<string, TensorLike>) => Promise<unknown>,
): Promise<number[]> {
  const feeds = (length: number): Record<string, TensorLike> => ({
    input_ids: make('int64', BigInt64Array.of(7n), [1, 1]),
    attention_mask: make('int64', new BigInt64Array(length + 1).fill(1n), [1, length + 1]),
  });
  const times: number[] = [];
  for (let i = 0; i < steps + 2; i++) {
    const start = performance.now();
    await run(feeds(past + i));
    if (i >= 2) times.push(performance.now() - start);
    measureBandwidth();
  }
  return times;
}
const cached = (): Float32Array =>
  Float32Array.from({ length: past * hidden }, (_, i) => Math.sin(i * 1.7));
const cacheDims = [1, heads, past, hidden / heads];

async function haio(path: string): Promise<{ times: number[]; report: string }> {
  const session = await load(path, { threads, state: { 'past_key_values.*': 'present.*' } });
  const state = session.createState({ capacity: past + steps + 16 });
  for (const name of Object.keys(gpt2State(config)))
    state.set(name, new Tensor('float32', cached(), cacheDims));
  const make: Make = (type, data, dims) => new Tensor(type as 'float32', data as never, dims);
  const times = await timed(make, (feeds) => session.run(feeds, { state }));
  const copies = session
    .explain()
    .split('\n')
    .filter((l) => /copy|pack/.test(l)).length;
  const { bytes, length } = state;
  const report = `state of ${length} positions in ${(bytes / 1e6).toFixed(1)} MB; ${copies} copies of a new row`;
  await session.release();
  return { times, report };
}

async function onnxruntime(path: string): Promise<number[] | null> {
  const ort = rivalModule();
  if (!ort) return null;
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const make: Make = (type, data, dims) => new ort.Tensor(type, data, dims);
  const pairs = Object.entries(gpt2State(config));
  let memory = Object.fromEntries(
    pairs.map(([name]) => [name, make('float32', cached(), cacheDims)]),
  );
  const times = await timed(make, async (feeds) => {
    const out = await session.run({ ...feeds, ...memory });
    memory = Object.fromEntries(pairs.map(([name, from]) => [name, out[from]!]));
  });
  await session.release();
  return times;
}

const folder = mkdtempSync(join(tmpdir(), 'haio-decode-'));
try {
  let path = values.model ?? '';
  if (!existsSync(path)) {
    path = join(folder, 'gpt2.onnx');
    writeFileSync(path, gpt2(config));
  }
  const a = values.only === 'onnxruntime' ? null : await haio(path);
  const b = values.only === 'haio' ? null : await onnxruntime(path);
  say(`GPT-2 of ${layers} layers, ${past} positions of past, ${threads} threads`);
  say(
    `a step reads ${(weights / 1e6).toFixed(0)} MB of weights, ${(cache / 1e6).toFixed(0)} MB of cache`,
  );
  const bandwidth = median(readings);
  const once = (weights + cache) / bandwidth / 1e6;
  say(`reading them once: ${once.toFixed(1)} ms at ${bandwidth.toFixed(1)} GB/s`);
  const line = (name: string, times: readonly number[]): void =>
    say(
      `${name} ${median(times).toFixed(1)} ms a step (${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}), ${(median(times) / once).toFixed(2)} times reading`,
    );
  if (a) line('haio       ', a.times);
  if (b) line('onnxruntime', b);
  if (a && b) say(`${(median(b) / median(a.times)).toFixed(2)}x; ${a.report}`);
} finally {
  rmSync(folder, { recursive: true });
}
