/** The public session: checks feeds, chooses the variant, runs, cancels, releases. */
import { HaioError, raise } from '../errors.js';
import type { Addon } from '../native/types.js';
import { explainModel } from '../plan/explain.js';
import { isPacked } from '../tensor/packing.js';
import type { Tensor as Plain } from '../tensor/tensor.js';
import type { Signature } from '../onnx/import.js';
import { checkFixed } from './about.js';
import type { CompileOptions, Compiled, Deferred, Source } from './compile.js';
import { compileInWorker } from './compiler.js';
import { type RunContext, drive } from './drive.js';
import { type MemoryReport, reportMemory } from './memory.js';
import { type Tensor, type TensorLike, describe, plainOf } from './tensor.js';
import { type Feed, type Output, feedOf, formatDeclared, outputOf } from './values.js';
import { hardwareProfile } from './hardware.js';
import { type RecordedRun, type RunProfile, summarise } from './profile.js';
import { Recorder } from './recorder.js';
import { Variant } from './variant.js';

export interface RunOptions {
  /** stops the run within one chunk of work; the promise rejects with code HAIO_E_ABORTED */
  readonly signal?: AbortSignal;
  /** names of the outputs wanted, or tensors by name that are filled in place (null: made anew) */
  readonly outputs?: readonly string[] | Readonly<Record<string, TensorLike | null>>;
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

export interface SessionSettings {
  readonly addon: Addon;
  /** null: the model was compiled before, and no other variant of it can be made */
  readonly compile: { readonly source: Source; readonly options: CompileOptions } | null;
  /** contents of inputs that it was compiled for */
  readonly fixed?: ReadonlyMap<string, Plain>;
  readonly threads: number;
  readonly isa: string;
  readonly lanes: number;
  readonly onProgress?: (phase: string) => void;
}

interface Call {
  readonly ctx: RunContext;
  readonly wanted: readonly string[];
  /** tensors to fill whose elements share bytes, by name: runs fill others in place */
  readonly packed: ReadonlyMap<string, TensorLike>;
}

/** variants (compiles with other pins) kept for each session */
const MAX_VARIANTS = 16;
let tokens = 0;

export class Session {
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  readonly #settings: SessionSettings;
  readonly #variants = new Map<string, Promise<Variant> | Variant>();
  readonly #pins = {
    symbols: new Set<string>(),
    inputs: new Set<string>(),
    shapes: new Set<string>(),
  };
  #nodes = { imported: 0, optimized: 0 };
  #current: Variant | null = null;
  #running = 0;
  #released: Promise<void> | null = null;
  readonly #idle: (() => void)[] = [];

  /** Use load(). `first` is the result of compiling `source` without pins. */
  constructor(settings: SessionSettings, first: Compiled | Deferred) {
    this.#settings = settings;
    this.inputs = first.inputs;
    this.outputs = first.outputs;
    if ('pins' in first) this.#addPins(first);
    else this.#variants.set('', this.#open(first));
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
    return this.#nodes;
  }
  /** steps of the plan (of the variant that ran last) */
  get steps(): number {
    return (
      this.#current?.plan.regions.reduce(
        (n, r) => n + (r.kind === 'native' ? r.flops.length : r.nodes.length),
        0,
      ) ?? 0
    );
  }
  /** planned peak and lower bound of the last run's shapes, weights, scratch: bytes */
  get memory(): MemoryReport {
    return reportMemory(this.#current);
  }
  /** the plan as a table for people; empty before a variant is compiled */
  explain(): string {
    return this.#current ? explainModel(this.#current.plan) : '';
  }

  /** Runs the model off the JavaScript thread (inline when it takes only microseconds). */
  async run<T extends Output = Tensor>(
    feeds: Feeds,
    options: RunOptions = {},
  ): Promise<Outputs<NoInfer<T>>> {
    const plain = this.#feeds(feeds);
    const known = this.#variant(plain);
    const variant = known instanceof Variant ? known : await known;
    return (await this.#start(variant, plain, options)) as Outputs<NoInfer<T>>;
  }

  /** The same on the calling thread. A model that needs pins must have been compiled for them by run(). */
  runSync<T extends Output = Tensor>(
    feeds: Feeds,
    options: Omit<RunOptions, 'signal'> = {},
  ): Outputs<NoInfer<T>> {
    const plain = this.#feeds(feeds);
    const variant = this.#variant(plain);
    if (!(variant instanceof Variant))
      raise('HAIO_E_ARGUMENT', {
        name: 'feeds',
        expected: 'sizes and steering inputs that run() has compiled before',
        got: 'new ones',
      });
    const call = this.#context(variant, options, true);
    const results = drive(variant, this.#order(variant, plain), call.ctx) as Plain[];
    return this.#named(variant, results, call) as Outputs<NoInfer<T>>;
  }

  /**
   * Runs the model some times and tells where the time goes: each step's time, GFLOP/s, GB/s and share
   * of what this machine's roofline allows (hardwareProfile(), measured where it is not known yet).
   */
  async profile(
    feeds: Feeds,
    { runs = 10, warmUp = 2 }: ProfileRunOptions = {},
  ): Promise<RunProfile> {
    const { isa, threads } = this.#settings;
    const hardware = await hardwareProfile();
    const plain = this.#feeds(feeds);
    const variant = await this.#variant(plain);
    const recorded: RecordedRun[] = [];
    let room: number | undefined;
    for (let i = 0; i < warmUp + Math.max(1, runs); i++) {
      const recorder = new Recorder(room);
      const started = performance.now();
      await this.#start(variant, plain, {}, recorder);
      const micros = (performance.now() - started) * 1000;
      room = Math.max(16, recorder.chunks);
      if (i >= warmUp) recorded.push({ recorder, micros });
    }
    return summarise(variant, recorded, hardware, isa, threads);
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
    for (const v of this.#variants.values()) {
      const variant = await Promise.resolve(v).catch(() => null);
      await variant?.release();
    }
    this.#variants.clear();
    this.#current = null;
  }

  #addPins({ pins }: Deferred): void {
    pins.symbols.forEach((s) => this.#pins.symbols.add(s));
    pins.inputs.forEach((s) => this.#pins.inputs.add(s));
    pins.shapes.forEach((s) => this.#pins.shapes.add(s));
  }

  #pinCount(): number {
    const { symbols, inputs, shapes } = this.#pins;
    return symbols.size + inputs.size + shapes.size;
  }

  #open(compiled: Compiled): Variant {
    const { addon, threads, isa, lanes } = this.#settings;
    this.#nodes = compiled.nodes;
    this.#current = new Variant(addon, compiled.model, { threads, isa, lanes });
    return this.#current;
  }

  /** Feeds by name as plain tensors, checked for names, types and fixed sizes. */
  #feeds(feeds: Feeds): Map<string, Plain> {
    if (this.#released) raise('HAIO_E_RELEASED', {});
    if (typeof feeds !== 'object' || feeds === null)
      raise('HAIO_E_ARGUMENT', {
        name: 'feeds',
        expected: 'an object of tensors by input name',
        got: describe(feeds),
      });
    const out = new Map<string, Plain>();
    for (const declared of this.inputs) {
      const { name } = declared;
      const given = feeds[name];
      const t = feedOf(given, declared);
      if (!t) {
        const got = given === undefined ? 'nothing' : describe(given);
        raise('HAIO_E_INPUT', { name, expected: formatDeclared(declared), got });
      }
      const fixed = this.#settings.fixed?.get(name);
      if (fixed) checkFixed(name, t, fixed);
      out.set(name, t);
    }
    for (const name of Object.keys(feeds))
      if (!out.has(name))
        raise('HAIO_E_NAME', {
          what: 'input',
          name,
          known: this.inputs.map((i) => i.name).join(', '),
        });
    return out;
  }

  /** The variant for these feeds: compiled before, or being compiled. */
  #variant(feeds: ReadonlyMap<string, Plain>): Variant | Promise<Variant> {
    const { sizes, shapes, values, key } = this.#pinned(feeds);
    const known = this.#variants.get(key);
    if (known) return known;
    const { compile, onProgress } = this.#settings;
    if (!compile) return raise('HAIO_E_INTERNAL', { reason: 'a compiled model asks for numbers' });
    const { source, options } = compile;
    const pending = compileInWorker(
      source,
      { ...options, sizes: { ...options.sizes, ...sizes }, shapes, values },
      onProgress,
    ).then((result) => {
      this.#variants.delete(key);
      if ('pins' in result) {
        const before = this.#pinCount();
        this.#addPins(result);
        if (this.#pinCount() === before)
          raise('HAIO_E_INTERNAL', { reason: 'the same pins are asked for again' });
        return this.#variant(feeds);
      }
      const variant = this.#open(result);
      this.#variants.set(key, variant);
      this.#forget();
      return variant;
    });
    this.#variants.set(key, pending);
    pending.catch(() => {
      if (this.#variants.get(key) === pending) this.#variants.delete(key);
    });
    return pending;
  }

  #forget(): void {
    for (const [key, v] of this.#variants) {
      if (this.#variants.size <= MAX_VARIANTS) return;
      if (!(v instanceof Variant) || v === this.#current) continue;
      this.#variants.delete(key);
      void v.release();
    }
  }

  #pinned(feeds: ReadonlyMap<string, Plain>): {
    sizes: Record<string, number>;
    shapes: Record<string, readonly number[]>;
    values: Record<string, Plain>;
    key: string;
  } {
    const sizes: Record<string, number> = {};
    const shapes: Record<string, readonly number[]> = {};
    const values: Record<string, Plain> = {};
    const apart = contradictions(this.inputs, feeds);
    if (this.#pinCount() + apart.size === 0) return { sizes, shapes, values, key: '' };
    for (const { name, shape } of this.inputs) {
      const t = feeds.get(name)!;
      if (shape.some((d) => apart.has(d))) shapes[name] = t.shape;
      shape.forEach((d, i) => {
        if (typeof d === 'string' && this.#pins.symbols.has(d)) sizes[d] = t.shape[i]!;
      });
      if (this.#pins.shapes.has(name)) shapes[name] = t.shape;
      if (this.#pins.inputs.has(name)) values[name] = t;
    }
    const text = (t: Plain): string => `${t.shape.join('x')}:${[...t.data].join(',')}`;
    const key = [
      ...Object.entries(sizes).map(([k, v]) => `${k}=${v}`),
      ...Object.entries(shapes).map(([k, d]) => `${k}=[${d.join(',')}]`),
      ...Object.entries(values).map(([k, t]) => `${k}=${text(t)}`),
    ].join(';');
    return { sizes, shapes, values, key };
  }

  /** Feeds in the order of the plan's inputs; pinned inputs are no inputs of the plan any more. */
  #order(variant: Variant, feeds: ReadonlyMap<string, Plain>): Plain[] {
    return variant.plan.inputs.map(({ name }) => feeds.get(name)!);
  }

  #context(variant: Variant, options: RunOptions, sync: boolean, recorder?: Recorder): Call {
    const names = this.outputs.map((o) => o.name);
    const into: (Plain | null)[] = [];
    const packed = new Map<string, TensorLike>();
    let wanted: readonly string[] = names;
    if (options.outputs !== undefined) {
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
        if (!plain) raise('HAIO_E_OUTPUT', { name, expected: 'a tensor', got: describe(given) });
        into[at] = plain;
        if (isPacked(plain.dtype)) packed.set(name, given);
      }
    }
    const recording = recorder ? { recorder } : {};
    const ctx = { token: ++tokens, aborted: false, sync, into, ...recording };
    return { ctx, wanted, packed };
  }

  #named(
    variant: Variant,
    results: readonly Plain[],
    { wanted, packed }: Call,
  ): Record<string, Output> {
    const out: Record<string, Output> = {};
    variant.plan.outputs.forEach(({ name }, i) => {
      if (!wanted.includes(name)) return;
      const declared = this.outputs.find((o) => o.name === name)!;
      out[name] = outputOf(results[i]!, declared);
      const given = packed.get(name);
      if (given) (given.data as Uint8Array).set((out[name] as Tensor).data as Uint8Array);
    });
    return out;
  }

  async #start(
    variant: Variant,
    feeds: ReadonlyMap<string, Plain>,
    options: RunOptions,
    recorder?: Recorder,
  ): Promise<Record<string, Output>> {
    const { signal } = options;
    if (signal?.aborted) throw abortError(signal);
    if (this.#released) raise('HAIO_E_RELEASED', {});
    const call = this.#context(variant, options, false, recorder);
    const { ctx } = call;
    this.#current = variant;
    const result = drive(variant, this.#order(variant, feeds), ctx);
    if (Array.isArray(result)) return this.#named(variant, result, call);
    this.#running++;
    const stop = (): void => {
      ctx.aborted = true;
      variant.native.abort(ctx.token);
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return this.#named(variant, await result, call);
    } catch (e) {
      throw e instanceof HaioError && e.code === 'HAIO_E_ABORTED' ? abortError(signal) : e;
    } finally {
      signal?.removeEventListener('abort', stop);
      if (--this.#running === 0)
        this.#idle.splice(0).forEach((done) => {
          done();
        });
    }
  }
}

/**
 * Names of sizes that the feeds give different numbers. Exporters reuse names for sizes that only
 * broadcast to each other, so inputs with such a name are taken as they are.
 */
function contradictions(
  inputs: readonly Signature[],
  feeds: ReadonlyMap<string, Plain>,
): ReadonlySet<number | string> {
  const sizes = new Map<string, number>();
  const apart = new Set<string>();
  for (const { name, shape } of inputs) {
    const given = feeds.get(name)!.shape;
    shape.forEach((d, i) => {
      if (typeof d !== 'string') return;
      const size = sizes.get(d);
      if (size === undefined) sizes.set(d, given[i]!);
      else if (size !== given[i]) apart.add(d);
    });
  }
  return apart;
}

/** What a stopped run rejects with: named as the platform names it, with the signal's reason as cause. */
function abortError(signal: AbortSignal | undefined): HaioError {
  const error = new HaioError('HAIO_E_ABORTED', {}, { cause: signal?.reason });
  Object.defineProperty(error, 'name', { value: 'AbortError' });
  return error;
}
