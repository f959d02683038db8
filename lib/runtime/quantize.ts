/** quantize(): the JavaScript thread's side; all work is done in a worker thread. */
import { Worker } from 'node:worker_threads';
import { HaioError, raise } from '../errors.js';
import { DEFAULTS, type Mode, type QuantizeSettings, type Quantized } from '../quant/quantize.js';
import type { Tensor as Plain } from '../tensor/tensor.js';
import type { Source } from './compile.js';
import { shareSource } from './compiler.js';
import { errorOf } from './failure.js';
import type { FromWorker, Start, ToWorker } from './quantize-worker.js';
import { type TensorLike, plainTensors } from './tensor.js';

type Samples = Iterable<Sample> | AsyncIterable<Sample>;
/** Inputs of one run. */
export type Sample = Readonly<Record<string, TensorLike>>;

export interface QuantizeOptions extends Partial<QuantizeSettings> {
  /** runs that are like those to come; without them the mode is 'dynamic' */
  readonly calibration?: Samples;
  /** at most so many samples are taken; default 100 */
  readonly maxSamples?: number;
  /** threads of a run; default: the cores this process may use */
  readonly threads?: number;
  readonly isa?: string;
  /** external data files by name, for models given as bytes */
  readonly external?: Readonly<Record<string, Uint8Array>>;
  /** ends the work; the promise rejects with code HAIO_E_ABORTED */
  readonly signal?: AbortSignal;
  /** share of the work that is done, 0…1, and what is being done */
  readonly onProgress?: (share: number, phase: string) => void;
}

const MODES: readonly Mode[] = ['static', 'dynamic', 'weights8', 'weights4'];
const CHOICES: Readonly<Partial<Record<keyof QuantizeSettings, readonly string[]>>> = {
  mode: MODES,
  observer: ['minmax', 'percentile', 'entropy', 'mse'],
  activations: ['uint8', 'int8'],
};

function settingsOf(options: QuantizeOptions, samples: number): QuantizeSettings {
  const mode = options.mode ?? (samples > 0 ? 'static' : 'dynamic');
  const own = Object.fromEntries(
    Object.entries(options).filter(([key, value]) => key in DEFAULTS && value !== undefined),
  );
  const settings: QuantizeSettings = { ...DEFAULTS, ...own, mode };
  for (const [name, choices] of Object.entries(CHOICES)) {
    const got = settings[name as keyof QuantizeSettings] as string;
    if (!choices.includes(got))
      raise('HAIO_E_ARGUMENT', { name, expected: choices.join(' | '), got });
  }
  return settings;
}

async function collect(calibration: Samples, most: number): Promise<Record<string, Plain>[]> {
  const samples: Record<string, Plain>[] = [];
  for await (const sample of calibration) {
    samples.push(plainTensors('calibration', sample));
    if (samples.length === most) break;
  }
  return samples;
}

/** What the worker does not know: threads and ISA of this process. */
export type Machine = Pick<Start, 'threads' | 'isa'>;

/** Runs the worker to its end; see index.ts for the contract. */
export async function quantizeSource(
  source: Source,
  options: QuantizeOptions,
  machine: Machine,
): Promise<Quantized> {
  const { calibration = [], maxSamples = 100, signal, onProgress } = options;
  const samples = await collect(calibration, maxSamples);
  const settings = settingsOf(options, samples.length);
  const { accuracy } = settings;
  const judge = typeof accuracy === 'function' ? accuracy : null;
  const shared = await shareSource(source);
  if (signal?.aborted) throw aborted(signal);
  const worker = new Worker(new URL('./quantize-worker.js', import.meta.url), { execArgv: [] });
  const send = (message: ToWorker): void => worker.postMessage(message);
  const stop = (): void => send({ abort: true });
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<Quantized>((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if ('share' in message) onProgress?.(message.share, message.phase);
        else if ('result' in message) resolve(message.result);
        else if ('error' in message) {
          const error = errorOf(message.error);
          reject(error.code === 'HAIO_E_ABORTED' ? aborted(signal) : error);
        } else
          Promise.resolve(message.judge)
            .then((a) => judge!(a))
            .then((good) => send({ judged: good }), reject);
      });
      worker.once('error', reject);
      worker.once('exit', () =>
        reject(new HaioError('HAIO_E_INTERNAL', { reason: 'the quantizing worker ended' })),
      );
      send({
        start: {
          source: shared,
          settings: { ...settings, accuracy: typeof accuracy === 'function' ? 'ask' : accuracy },
          ...machine,
        },
        samples,
      });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

const aborted = (signal: AbortSignal | undefined): HaioError =>
  new HaioError('HAIO_E_ABORTED', {}, { cause: signal?.reason });
