/**
 * The compiles of one session. A graph may depend on numbers that only runs bring (pins): then there
 * is a variant for each set of them, compiled when a run brings it, and a bounded number is kept.
 */
import { raise } from '../errors.js';
import { VALUE_LIMIT } from '../ir/graph.js';
import type { Addon } from '../native/types.js';
import type { Signature } from '../onnx/import.js';
import type { CompiledModel } from '../plan/plan.js';
import type { Tensor as Plain } from '../tensor/tensor.js';
import type { CompileOptions, Compiled, Deferred, Numbers, Source } from './compile.js';
import { compileOrFind } from './cache.js';
import { Variant } from './variant.js';

export interface SessionSettings {
  readonly addon: Addon;
  /** null: the model was compiled before, and no other variant of it can be made */
  readonly compile: {
    readonly source: Source;
    readonly options: CompileOptions;
    /** folder where compiles are kept; null: nowhere */
    readonly cache: string | null;
  } | null;
  /** contents of inputs that it was compiled for */
  readonly fixed?: ReadonlyMap<string, Plain>;
  readonly threads: number;
  readonly isa: string;
  readonly lanes: number;
  readonly onProgress?: (phase: string) => void;
}

/** A compile that is to be opened; `decoded` where its tables have been read before. */
export interface Opened extends Omit<Compiled, 'taken'> {
  readonly decoded?: CompiledModel;
}

type Feeds = ReadonlyMap<string, Plain>;

const NONE: ReadonlySet<number | string> = new Set();
/** variants kept for each session */
const MAX_VARIANTS = 16;

export class Variants {
  /** the one that ran last; null before a variant is compiled */
  current: Variant | null = null;
  /** of the one that was compiled last */
  nodes = { imported: 0, optimized: 0 };
  readonly #settings: SessionSettings;
  readonly #inputs: readonly Signature[];
  /** some size has a name that another one has, too */
  readonly #repeats: boolean;
  readonly #list = new Map<string, Promise<Variant> | Variant>();
  readonly #pins = {
    symbols: new Set<string>(),
    inputs: new Set<string>(),
    shapes: new Set<string>(),
  };

  /** `first`: the result of a compile without numbers. */
  constructor(settings: SessionSettings, first: Opened | Deferred) {
    this.#settings = settings;
    this.#inputs = first.inputs;
    const names = first.inputs.flatMap((i) => i.shape.filter((d) => typeof d === 'string'));
    this.#repeats = new Set(names).size < names.length;
    if ('pins' in first) this.#addPins(first);
    else this.#list.set('', this.#open(first));
  }

  #addPins({ pins }: Pick<Deferred, 'pins'>): void {
    pins.symbols.forEach((s) => this.#pins.symbols.add(s));
    pins.inputs.forEach((s) => this.#pins.inputs.add(s));
    pins.shapes.forEach((s) => this.#pins.shapes.add(s));
  }

  get #pinCount(): number {
    const { symbols, inputs, shapes } = this.#pins;
    return symbols.size + inputs.size + shapes.size;
  }

  #open({ model, nodes, decoded }: Opened): Variant {
    const { addon, threads, isa, lanes } = this.#settings;
    this.nodes = nodes;
    this.current = new Variant(addon, model, { threads, isa, lanes }, decoded);
    return this.current;
  }

  async release(): Promise<void> {
    for (const v of this.#list.values()) {
      const variant = await Promise.resolve(v).catch(() => null);
      await variant?.release();
    }
    this.#list.clear();
    this.current = null;
  }

  /** The variant for these feeds (by input name): compiled before, or being compiled. */
  of(feeds: Feeds): Variant | Promise<Variant> {
    const { sizes, shapes, values, key } = this.#pinned(feeds);
    const known = this.#list.get(key);
    if (known instanceof Variant) return known;
    // what is being compiled may turn out to depend on more than is known now, where these feeds differ
    if (known) return known.then(() => this.of(feeds));
    const { compile, onProgress } = this.#settings;
    // of a model that was compiled before there is one, and binding says what does not fit
    if (!compile) return this.current!;
    const { source, options, cache } = compile;
    const pending = compileOrFind(
      this.#settings.addon,
      source,
      {
        ...{ ...options, sizes: { ...options.sizes, ...sizes }, shapes, values },
        offered: this.#offered(feeds),
      },
      cache,
      onProgress,
    ).then((result) => {
      this.#list.delete(key);
      if ('pins' in result) {
        const before = this.#pinCount;
        this.#addPins(result);
        if (this.#pinCount === before)
          raise('HAIO_E_INTERNAL', { reason: 'the same pins are asked for again' });
        return this.of(feeds);
      }
      this.#addPins({ pins: result.taken });
      const variant = this.#open(result);
      this.#list.set(this.#pinned(feeds).key, variant);
      this.#forget();
      return variant;
    });
    this.#list.set(key, pending);
    pending.catch(() => {
      if (this.#list.get(key) === pending) this.#list.delete(key);
    });
    return pending;
  }

  /** All of the feeds that a graph may depend on. */
  #offered(feeds: Feeds): Numbers {
    const sizes: Record<string, number> = {};
    const shapes: Record<string, readonly number[]> = {};
    const values: Record<string, Plain> = {};
    for (const { name, shape, unranked } of this.#inputs) {
      const t = feeds.get(name)!;
      shape.forEach((d, i) => {
        if (typeof d === 'string') sizes[d] ??= t.shape[i]!;
      });
      if (unranked) shapes[name] = t.shape;
      if (t.data.length <= VALUE_LIMIT && t.dtype !== 'string') values[name] = t;
    }
    return { sizes, shapes, values };
  }

  #forget(): void {
    for (const [key, v] of this.#list) {
      if (this.#list.size <= MAX_VARIANTS) return;
      if (!(v instanceof Variant) || v === this.current) continue;
      this.#list.delete(key);
      void v.release();
    }
  }

  #pinned(feeds: Feeds): Numbers & { readonly key: string } {
    const sizes: Record<string, number> = {};
    const shapes: Record<string, readonly number[]> = {};
    const values: Record<string, Plain> = {};
    const apart = this.#repeats ? contradictions(this.#inputs, feeds) : NONE;
    if (this.#pinCount + apart.size === 0) return { sizes, shapes, values, key: '' };
    for (const { name, shape } of this.#inputs) {
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
}

/**
 * Names of sizes that the feeds give different numbers. Exporters reuse names for sizes that only
 * broadcast to each other, so inputs with such a name are taken as they are.
 */
function contradictions(inputs: readonly Signature[], feeds: Feeds): ReadonlySet<number | string> {
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
