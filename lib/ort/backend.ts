/** haio as a backend of onnxruntime-common. */
import type { Backend, InferenceSession, InferenceSessionHandler } from 'onnxruntime-common';
import { type LoadOptions, type Session, type Signature, type TensorLike, load } from '../index.js';

type Metadata = InferenceSession.ValueMetadata;
type Feeds = Readonly<Record<string, unknown>>;

const metadataOf = (s: Signature): Metadata =>
  ({ name: s.name, isTensor: true, type: s.dtype, shape: s.shape }) as unknown as Metadata;

/** Session options of onnxruntime-common in haio's words; what has no meaning here is ignored. */
function translate(options: InferenceSession.SessionOptions): LoadOptions {
  const external: Record<string, Uint8Array> = {};
  for (const entry of options.externalData ?? []) {
    if (typeof entry === 'string') continue; // found beside the model by its own name
    if (entry.data instanceof Uint8Array) external[entry.path] = entry.data;
  }
  const own = (options as { haio?: LoadOptions }).haio ?? {};
  const out: { -readonly [K in keyof LoadOptions]: LoadOptions[K] } = { external, ...own };
  if (options.intraOpNumThreads) out.threads = options.intraOpNumThreads;
  if (options.freeDimensionOverrides) out.sizes = options.freeDimensionOverrides;
  return out;
}

class Handler implements InferenceSessionHandler {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly Metadata[];
  readonly outputMetadata: readonly Metadata[];
  readonly #session: Session;
  constructor(session: Session) {
    this.#session = session;
    this.inputMetadata = session.inputs.map(metadataOf);
    this.outputMetadata = session.outputs.map(metadataOf);
    this.inputNames = session.inputs.map((s) => s.name);
    this.outputNames = session.outputs.map((s) => s.name);
  }
  dispose(): Promise<void> {
    return this.#session.release();
  }
  startProfiling(): void {
    // runs are profiled by `haio profile`; there is nothing to switch on
  }
  endProfiling(): void {
    // see startProfiling
  }
  async run(
    feeds: Feeds,
    fetches: Readonly<Record<string, unknown>>,
    options: InferenceSession.RunOptions,
  ): ReturnType<InferenceSessionHandler['run']> {
    const { signal } = options as { signal?: AbortSignal };
    const outputs = await this.#session.run(feeds as Readonly<Record<string, TensorLike>>, {
      outputs: fetches as Readonly<Record<string, TensorLike | null>>,
      ...(signal ? { signal } : {}),
    });
    return outputs as unknown as Awaited<ReturnType<InferenceSessionHandler['run']>>;
  }
}

export const backend: Backend = {
  init: () => Promise.resolve(),
  async createInferenceSessionHandler(model, options = {}) {
    return new Handler(await load(model, translate(options)));
  },
};
