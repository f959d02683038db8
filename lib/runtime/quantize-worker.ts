/** Quantizes in a worker thread: models are compiled and run from here, samples come from the other side. */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { raise } from '../errors.js';
import { loadAddon } from '../native/binding.js';
import { openModel } from '../onnx/files.js';
import type { Accuracy } from '../quant/accuracy.js';
import type { Feeds, Runnable } from '../quant/calibrate.js';
import { type QuantizeSettings, type Quantized, quantizeBytes } from '../quant/quantize.js';
import type { CompileOptions, Source } from './compile.js';
import { compileInWorker, shareSource } from './compiler.js';
import { plainError, type PlainError } from './failure.js';
import { Session } from './session.js';
import { median } from './statistics.js';
import { Tensor, plainOf } from './tensor.js';

export interface Start {
  readonly source: Source;
  /** accuracy 'ask': the other side judges */
  readonly settings: Omit<QuantizeSettings, 'accuracy'> & {
    readonly accuracy: Exclude<QuantizeSettings['accuracy'], (a: Accuracy) => unknown> | 'ask';
  };
  readonly threads: number;
  readonly isa: string;
}
export type ToWorker =
  | { readonly start: Start; readonly samples: readonly Feeds[] }
  | { readonly judged: boolean }
  | { readonly abort: true };
export type FromWorker =
  | { readonly share: number; readonly phase: string }
  | { readonly judge: Accuracy }
  | { readonly result: Quantized }
  | { readonly error: PlainError };

const port = parentPort!;
const send = (message: FromWorker, owned: ArrayBuffer[] = []): void =>
  port.postMessage(message, owned);
const aborted = new AbortController();
let judged: (good: boolean) => void = () => undefined;

/** runs that one time is the median of */
const TIMED = 5;

/** A model of these bytes as a session of this thread. */
async function open(model: Uint8Array, { threads, isa }: Start): Promise<Runnable> {
  const source = await shareSource({ bytes: model });
  const options: CompileOptions = {
    ...{ isa, precision: 'fp32', off: [], sizes: {}, shapes: {}, values: {}, state: {} },
  };
  const first = await compileInWorker(source, options);
  const compile = { source, options, cache: null };
  const session = new Session({ addon: loadAddon(), compile, threads, isa, lanes: 1 }, first);
  const fed = (feeds: Feeds): Record<string, Tensor> =>
    Object.fromEntries(
      session.inputs.map(({ name }) => {
        const t = feeds[name];
        if (!t)
          raise('HAIO_E_INPUT', { name, expected: 'a tensor in every sample', got: 'nothing' });
        return [name, new Tensor(t.dtype, t.data, t.shape)];
      }),
    );
  return {
    async run(feeds) {
      const outputs = await session.run(fed(feeds));
      return Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, plainOf(t)!]));
    },
    async time(feeds) {
      const given = fed(feeds);
      await session.run(given);
      const times: number[] = [];
      for (let i = 0; i < TIMED; i++) {
        const started = performance.now();
        await session.run(given);
        times.push(performance.now() - started);
      }
      return median(times);
    },
    release: () => session.release(),
  };
}

async function work(start: Start, samples: readonly Feeds[]): Promise<void> {
  const { source, settings } = start;
  const { bytes, externalData } =
    'path' in source
      ? openModel(source.path, readFileSync)
      : {
          bytes: source.bytes,
          externalData: (name: string) => source.external?.[name] ?? missing(name),
        };
  const { accuracy } = settings;
  const ask = (a: Accuracy): Promise<boolean> =>
    new Promise((resolve) => {
      judged = resolve;
      send({ judge: a });
    });
  const result = await quantizeBytes(
    bytes,
    externalData,
    samples,
    { ...settings, accuracy: accuracy === 'ask' ? ask : accuracy },
    {
      open: (model) => open(model, start),
      progress: (share, phase) => send({ share, phase }),
      signal: aborted.signal,
    },
  );
  const { buffer } = result.model;
  send({ result }, buffer instanceof ArrayBuffer && result.model !== bytes ? [buffer] : []);
}

const missing = (path: string): never =>
  raise('HAIO_E_FILE', { path, reason: 'not among the external data given' });

port.on('message', (message: ToWorker) => {
  if ('abort' in message) aborted.abort();
  else if ('judged' in message) judged(message.judged);
  else
    work(message.start, message.samples)
      .catch((e: unknown) => send({ error: plainError(e) }))
      .finally(() => port.close());
});
