/** haio's sessions under the interface of onnxruntime-common's backends. */
import type { InferenceSession, InferenceSessionHandler } from 'onnxruntime-common';
import {
  HaioError,
  type LoadOptions,
  type Session,
  type Signature,
  type TensorLike,
  load,
} from '../index.js';
import { checkLocations, runSignal, sessionSettings } from './options.js';
import { Profile } from './profile.js';

type Metadata = InferenceSession.ValueMetadata;
type Results = ReturnType<InferenceSessionHandler['run']>;

/** As onnxruntime-node says it: sizes without a name are ''. */
function metadataOf({ name, dtype, shape, unnamed = [] }: Signature): Metadata {
  if (dtype === 'sequence' || dtype === 'map' || dtype === 'optional')
    return { name, isTensor: false };
  return {
    name,
    isTensor: true,
    type: dtype as 'float32',
    shape: shape.map((d, axis) => (unnamed.includes(axis) ? '' : d)),
  };
}

class Handler implements InferenceSessionHandler {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly Metadata[];
  readonly outputMetadata: readonly Metadata[];
  readonly #session: Session;
  readonly #profile: Profile | null;

  constructor(session: Session, profile: Profile | null) {
    this.#session = session;
    this.#profile = profile;
    this.inputMetadata = session.inputs.map(metadataOf);
    this.outputMetadata = session.outputs.map(metadataOf);
    this.inputNames = session.inputs.map((s) => s.name);
    this.outputNames = session.outputs.map((s) => s.name);
  }

  async dispose(): Promise<void> {
    await this.#session.release();
    this.#profile?.end();
  }
  startProfiling(): void {
    // the option enableProfiling starts it with the session
  }
  endProfiling(): void {
    this.#profile?.end();
  }

  async run(
    feeds: Readonly<Record<string, unknown>>,
    fetches: Readonly<Record<string, unknown>>,
    options: InferenceSession.RunOptions,
  ): Results {
    const signal = runSignal(options);
    // what the model does not know is left out, as onnxruntime-node does
    const known: Record<string, TensorLike> = {};
    for (const name of this.inputNames) known[name] = feeds[name] as TensorLike;
    const work = (): Promise<unknown> =>
      this.#session.run(known, {
        outputs: fetches as Readonly<Record<string, TensorLike | null>>,
        ...(signal ? { signal } : {}),
      });
    const outputs = this.#profile
      ? await this.#profile.time('model_run', work, () => ({ isa: this.#session.isa }))
      : await work();
    return outputs as Awaited<Results>;
  }
}

/** load() without the sizes that the model does not name, which onnxruntime-node ignores. */
async function openIgnoring(model: string | Uint8Array, options: LoadOptions): Promise<Session> {
  try {
    return await load(model, options);
  } catch (e) {
    const { what, name } = e instanceof HaioError ? e.fields : {};
    const sizes = { ...options.sizes };
    if (what !== 'size' || typeof name !== 'string' || !Object.hasOwn(sizes, name)) throw e;
    const left = Object.entries(sizes).filter(([key]) => key !== name);
    return openIgnoring(model, { ...options, sizes: Object.fromEntries(left) });
  }
}

/** A session of onnxruntime-common over one of haio. */
export async function createHandler(
  model: string | Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSessionHandler> {
  const settings = sessionSettings(options);
  const profile = settings.profile === null ? null : new Profile(settings.profile);
  const open = (): Promise<Session> => openIgnoring(model, settings.load);
  const session = profile
    ? await profile.time('model_loading', open, (s) => ({ nodes: s.nodes.optimized }))
    : await open();
  const outputs = session.outputs.map((s) => s.name);
  try {
    checkLocations(options.preferredOutputLocation, outputs);
  } catch (e) {
    await session.release();
    throw e;
  }
  return new Handler(session, profile);
}
