/** The public session: checks feeds, chooses the variant, runs, cancels, releases. */
import { HaioError, raise } from '../errors.js';
import type { StateNames } from '../plan/appended.js';
import { explainModel } from '../plan/explain.js';
import { type CompiledModel, allRegions } from '../plan/plan.js';
import { type DType, newArray } from '../tensor/dtype.js';
import { isPacked } from '../tensor/packing.js';
import type { Tensor as Plain } from '../tensor/tensor.js';
import type { Signature } from '../onnx/import.js';
import { checkFixed } from './about.js';
import type { Deferred } from './compile.js';
import { type RunContext, drive } from './drive.js';
import { type MemoryReport, reportMemory } from './memory.js';
import { type Tensor, type TensorLike, describe, plainOf } from './tensor.js';
import { type Feed, type Output, feedOf, formatDeclared, outputOf } from './values.js';
import { hardwareProfile } from './hardware.js';
import { type RecordedRun, type RunProfile, summarise } from './profile.js';
import { inNextTurn, isCrowded } from './inline.js';
import { Recorder } from './recorder.js';
import { firstShape } from './pairs.js';
import { State, type StateOptions } from './state.js';
import { Variant } from './variant.js';
import { type Opened, type SessionSettings, Variants } from './variants.js';

export type { SessionSettings };

export interface RunOptions {
  /** stops the run within one chunk of work; the promise rejects with code HAIO_E_ABORTED */
  readonly signal?: AbortSignal;
  /** names of the outputs wanted, or tensors by name that are filled in place (null: made anew) */
  readonly outputs?: readonly string[] | Readonly<Record<string, TensorLike | null>>;
  /** what createState() made; default: the session's own. For models loaded with the option `state` */
  readonly state?: State;
}
export interface ProfileRunOptions {
  /** runs that are measured, default 10 */
  readonly runs?: number;
  /** runs before them, default 2 */
  readonly warmUp?: number;
}
export type Feeds = Readonly<Record<string, Feed>>;
/** T: Output for models that give sequences or optionals */
export type Outputs<T extends Output = Tensor> = Record<string, T>;

interface Call {
  readonly ctx: RunContext;
  readonly wanted: readonly string[];
  /** tensors to fill whose elements share bytes, by name: runs fill others in place */
  readonly packed: ReadonlyMap<string, TensorLike>;
}

let tokens = 0;

const isObject = (x: unknown): boolean => typeof x === 'object' && x !== null;

export class Session {
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  readonly #settings: SessionSettings;
  /** says of a state that it is of this session */
  readonly #token = {};
  readonly #variants: Variants;
  /** outputs by the inputs that take them in the next run */
  readonly #pairs: StateNames;
  readonly #ownState: State | null;
  /** outputs that a run gives where nothing else is asked for */
  readonly #given: readonly string[];
  #running = 0;
  #released: Promise<void> | null = null;
  readonly #idle: (() => void)[] = [];

  /** Use load(). `first` is the result of compiling `source` without pins. */
  constructor(settings: SessionSettings, first: Opened | Deferred) {
    this.#settings = settings;
    this.inputs = first.inputs;
    this.outputs = first.outputs;
    this.#pairs = first.state;
    const kept = new Set(Object.values(first.state));
    this.#given = first.outputs.map((o) => o.name).filter((name) => !kept.has(name));
    this.#ownState = Object.keys(first.state).length > 0 ? this.createState() : null;
    this.#variants = new Variants(settings, first);
  }

  /** What runs without the option `state` remember; null unless the model was loaded with `state`. */
  get state(): State | null {
    return this.#ownState;
  }
  /** A memory of its own, for one conversation. @throws HaioError HAIO_E_ARGUMENT without load's `state` */
  createState(options: StateOptions = {}): State {
    const names = Object.keys(this.#pairs);
    if (names.length === 0)
      raise('HAIO_E_ARGUMENT', {
        name: 'state',
        expected: 'a session loaded with the option state',
        got: 'one without',
      });
    return new State(this.#token, names, options);
  }

  /** ISA that kernels run on */
  get isa(): string {
    return this.#settings.isa;
  }
  /** threads of one run */
  get threads(): number {
    return this.#settings.threads;
  }
  /** nodes of the model and of the graph after rewriting (of the variant that ran last) */
  get nodes(): { readonly imported: number; readonly optimized: number } {
    return this.#variants.nodes;
  }
  /** steps of the plan (of the variant that ran last) */
  get steps(): number {
    return allRegions(this.#variants.current?.plan.regions ?? []).reduce(
      (n, r) => n + (r.kind === 'native' ? r.flops.length : r.nodes.length),
      0,
    );
  }
  /** planned peak and lower bound of the last run's shapes, weights, scratch: bytes */
  get memory(): MemoryReport {
    return reportMemory(this.#variants.current);
  }
  /** the plan as a table for people; empty before a variant is compiled */
  explain(): string {
    const { current } = this.#variants;
    return current ? explainModel(current.plan) : '';
  }

  /** Runs the model off the JavaScript thread (inline when it takes only microseconds). */
  run<T extends Output = Tensor>(
    feeds: Feeds,
    options: RunOptions = {},
  ): Promise<Outputs<NoInfer<T>>> {
    const wait = isCrowded() && !this.#ownState && !this.#released;
    const run = wait ? this.#inTurn(feeds, options) : this.#begin(feeds, options);
    return run as Promise<Outputs<NoInfer<T>>>;
  }

  /** In a burst of short runs nothing is done for one before its turn; it gets what the feeds are now. */
  #inTurn(feeds: Feeds, options: RunOptions): Promise<Outputs<Output>> {
    const kept = isObject(feeds) ? { ...feeds } : feeds;
    return this.#counted(inNextTurn(() => this.#begin(kept, options, true)));
  }

  async #begin(feeds: Feeds, options: RunOptions, held = false): Promise<Outputs<Output>> {
    if (!held) this.#checkOpen();
    const state = this.#stateOf(options);
    const plain = this.#feeds(feeds, state);
    state?.begin(this.#token);
    try {
      const known = this.#variants.of(plain);
      const variant = known instanceof Variant ? known : await known;
      return await this.#start(variant, plain, options);
    } finally {
      state?.end();
    }
  }

  /** The same on the calling thread. A model that needs pins must have been compiled for them by run(). */
  runSync<T extends Output = Tensor>(
    feeds: Feeds,
    options: Omit<RunOptions, 'signal'> = {},
  ): Outputs<NoInfer<T>> {
    this.#checkOpen();
    const state = this.#stateOf(options);
    const plain = this.#feeds(feeds, state);
    const variant = this.#variants.of(plain);
    if (!(variant instanceof Variant))
      raise('HAIO_E_ARGUMENT', {
        name: 'feeds',
        expected: 'sizes and steering inputs that run() has compiled before',
        got: 'new ones',
      });
    state?.begin(this.#token);
    try {
      const call = this.#context(variant, options, true);
      const results = drive(variant, this.#order(variant, plain, state), call.ctx) as Plain[];
      return this.#named(variant, results, call) as Outputs<NoInfer<T>>;
    } finally {
      state?.end();
    }
  }

  /**
   * Runs the model some times and tells where the time goes: each step's time, GFLOP/s, GB/s and share
   * of what this machine's roofline allows (hardwareProfile(), measured where it is not known yet).
   */
  async profile(
    feeds: Feeds,
    { runs = 10, warmUp = 2 }: ProfileRunOptions = {},
  ): Promise<RunProfile> {
    this.#checkOpen();
    const { isa, threads } = this.#settings;
    const hardware = await hardwareProfile();
    const recorded: RecordedRun[] = [];
    let room: number | undefined;
    for (let i = 0; i < warmUp + Math.max(1, runs); i++) {
      // every run starts where the session's own state is, and leaves that as it is
      const state = this.#ownState?.fork() ?? null;
      const plain = this.#feeds(feeds, state);
      const variant = await this.#variants.of(plain);
      const recorder = new Recorder(room);
      state?.begin(this.#token);
      const started = performance.now();
      await this.#start(variant, plain, state ? { state } : {}, recorder);
      const micros = (performance.now() - started) * 1000;
      room = Math.max(16, recorder.chunks);
      if (i >= warmUp) recorded.push({ recorder, micros });
    }
    return summarise(this.#variants.current!, recorded, hardware, isa, threads);
  }

  /** Waits for runs in flight, then gives back all memory. Later runs fail with HAIO_E_RELEASED. */
  release(): Promise<void> {
    this.#released ??= this.#finish();
    return this.#released;
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #finish(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((done) => this.#idle.push(done));
    await this.#variants.release();
  }

  #checkOpen(): void {
    if (this.#released) raise('HAIO_E_RELEASED', {});
  }

  #stateOf({ state }: Pick<RunOptions, 'state'>): State | null {
    if (state !== undefined && !(state instanceof State))
      raise('HAIO_E_ARGUMENT', {
        name: 'state',
        expected: 'what createState() made',
        got: describe(state),
      });
    if (state && !this.#ownState) return this.createState();
    return state ?? this.#ownState;
  }

  /**
   * Feeds by name as plain tensors, checked for names, types and fixed sizes. For inputs that come
   * from the state they have shapes only.
   */
  #feeds(feeds: Feeds, state: State | null): Map<string, Plain> {
    if (!isObject(feeds))
      raise('HAIO_E_ARGUMENT', {
        name: 'feeds',
        expected: 'an object of tensors by input name',
        got: describe(feeds),
      });
    const out = new Map<string, Plain>();
    const isState = ({ name }: Signature): boolean => Object.hasOwn(this.#pairs, name);
    for (const declared of this.inputs) {
      const { name } = declared;
      const given = feeds[name];
      if (isState(declared)) {
        if (given === undefined) continue;
        raise('HAIO_E_INPUT', { name, expected: 'left to the state', got: describe(given) });
      }
      const t = feedOf(given, declared);
      if (!t) {
        const got = given === undefined ? 'nothing' : describe(given);
        raise('HAIO_E_INPUT', { name, expected: formatDeclared(declared), got });
      }
      const fixed = this.#settings.fixed?.get(name);
      if (fixed) checkFixed(name, t, fixed);
      out.set(name, t);
    }
    if (this.#ownState) this.#addState(out, state);
    for (const name of Object.keys(feeds))
      if (!out.has(name))
        raise('HAIO_E_NAME', {
          what: 'input',
          name,
          known: this.inputs.map((i) => i.name).join(', '),
        });
    return out;
  }

  /** Adds the inputs that come from the state: their shapes, without data. */
  #addState(feeds: Map<string, Plain>, state: State | null): void {
    const isState = ({ name }: Signature): boolean => Object.hasOwn(this.#pairs, name);
    const others = this.inputs
      .filter((i) => !isState(i))
      .map((declared) => ({ declared, shape: feeds.get(declared.name)!.shape }));
    for (const declared of this.inputs.filter(isState)) {
      const { name, dtype } = declared;
      const shape = state?.shapeOf(name) ?? firstShape(declared, others);
      feeds.set(name, { dtype: dtype as DType, shape, data: newArray(dtype as DType, 0) });
    }
  }

  /** Feeds in the order of the plan's inputs; pinned inputs are no inputs of the plan any more. */
  #order(variant: Variant, feeds: ReadonlyMap<string, Plain>, state: State | null): Plain[] {
    const { inputs, state: appended } = variant.plan;
    return inputs.map(({ name }, i) => {
      const t = feeds.get(name)!;
      const kept = state && Object.hasOwn(this.#pairs, name) ? state : null;
      return kept && !appended.some((p) => p.input === i) ? kept.tensor(name, t.dtype, t.shape) : t;
    });
  }

  #context(variant: Variant, options: RunOptions, sync: boolean, recorder?: Recorder): Call {
    const state = this.#stateOf(options);
    const into: (Plain | null)[] = [];
    const packed = new Map<string, TensorLike>();
    let wanted = this.#given;
    if (options.outputs !== undefined) {
      const names = this.outputs.map((o) => o.name);
      const kept = new Set(Object.values(this.#pairs));
      const list = options.outputs;
      wanted = Array.isArray(list) ? (list as string[]) : Object.keys(list);
      for (const name of wanted) {
        const at = variant.plan.outputs.findIndex((port) => port.name === name);
        if (at < 0) raise('HAIO_E_NAME', { what: 'output', name, known: names.join(', ') });
        const given = Array.isArray(list)
          ? null
          : (list as Record<string, TensorLike | null>)[name];
        if (given === null || given === undefined) continue;
        const plain = plainOf(given);
        if (kept.has(name))
          raise('HAIO_E_OUTPUT', { name, expected: 'left to the state', got: describe(given) });
        if (!plain) raise('HAIO_E_OUTPUT', { name, expected: 'a tensor', got: describe(given) });
        into[at] = plain;
        if (isPacked(plain.dtype)) packed.set(name, given);
      }
    }
    const more = { ...(recorder ? { recorder } : {}), ...(state ? { state } : {}) };
    const ctx = { token: ++tokens, aborted: false, sync, into, ...more };
    return { ctx, wanted, packed };
  }

  #named(
    variant: Variant,
    results: readonly Plain[],
    { wanted, packed, ctx: { state } }: Call,
  ): Record<string, Output> {
    const out: Record<string, Output> = {};
    const { plan } = variant;
    if (state) this.#keep(state, plan, results);
    variant.plan.outputs.forEach(({ name }, i) => {
      if (!wanted.includes(name)) return;
      const past = state && Object.keys(this.#pairs).find((p) => this.#pairs[p] === name);
      if (state && past) {
        out[name] = state.get(past)!;
        return;
      }
      const declared = this.outputs.find((o) => o.name === name)!;
      out[name] = outputOf(results[i]!, declared);
      const given = packed.get(name);
      if (given) (given.data as Uint8Array).set((out[name] as Tensor).data as Uint8Array);
    });
    return out;
  }

  /** Takes over what the next run gets. */
  #keep(state: State, plan: CompiledModel, results: readonly Plain[]): void {
    const appended = new Map(plan.state.map((p) => [plan.outputs[p.output]!.name, p]));
    for (const [past, present] of Object.entries(this.#pairs)) {
      const at = plan.outputs.findIndex((o) => o.name === present);
      const result = results[at];
      if (!result) raise('HAIO_E_PLAN', { reason: `there is no output '${present}'` });
      if (appended.has(present)) state.grown(past, result.shape);
      else state.put(past, result);
    }
  }

  async #start(
    variant: Variant,
    feeds: ReadonlyMap<string, Plain>,
    options: RunOptions,
    recorder?: Recorder,
  ): Promise<Record<string, Output>> {
    const { signal } = options;
    if (signal?.aborted) throw abortError(signal);
    // a release waits for runs that are counted
    if (this.#running === 0) this.#checkOpen();
    const call = this.#context(variant, options, false, recorder);
    const { ctx } = call;
    this.#variants.current = variant;
    const result = drive(variant, this.#order(variant, feeds, ctx.state ?? null), ctx);
    if (Array.isArray(result)) return this.#named(variant, result, call);
    const stop = (): void => {
      ctx.aborted = true;
      variant.native.abort(ctx.token);
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return this.#named(variant, await this.#counted(result), call);
    } catch (e) {
      throw e instanceof HaioError && e.code === 'HAIO_E_ABORTED' ? abortError(signal) : e;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Keeps the session's memory until `run` has ended. */
  async #counted<T>(run: Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await run;
    } finally {
      if (--this.#running === 0)
        this.#idle.splice(0).forEach((done) => {
          done();
        });
    }
  }
}

/** What a stopped run rejects with: named as the platform names it, with the signal's reason as cause. */
function abortError(signal: AbortSignal | undefined): HaioError {
  const error = new HaioError('HAIO_E_ABORTED', {}, { cause: signal?.reason });
  Object.defineProperty(error, 'name', { value: 'AbortError' });
  return error;
}
