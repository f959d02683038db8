/**
 * One compiled model opened for runs: its native session, and its bound plans by symbol sizes. Bound
 * plans are bounded in bytes; the least recently used ones are given up.
 */
import type {
  Addon,
  NativeBinding,
  NativeSession,
  RunResult,
  SessionOptions,
  View,
} from '../native/types.js';
import { failure } from '../native/binding.js';
import { type BoundRegion, type Sizes, bindInputs, bindRegion } from '../plan/bind.js';
import { openModel } from '../plan/decode.js';
import type { CompiledModel, NativeRegion } from '../plan/plan.js';
import type { Tensor } from '../tensor/tensor.js';

export interface Prepared {
  /** what it was bound for: words, which the addon has decoded, are made anew for reports */
  readonly sizes: Sizes;
  readonly outputs: BoundRegion['outputs'];
  readonly arenaBytes: number;
  readonly binding: NativeBinding;
  /** expected microseconds of a run; estimated first, then measured */
  micros: number;
}

/** bytes of bound plans kept for each variant */
const PLAN_BYTES = 8 << 20;

export class Variant {
  readonly plan: CompiledModel;
  readonly native: NativeSession;
  readonly #addon: Addon;
  readonly #prepared = new Map<string, Prepared>();
  #bytes = 0;
  #queued = 0;
  /** feeds' shapes of the run before, and the sizes they gave: most runs repeat them */
  #shapes: readonly (readonly number[])[] = [];
  #sizes: Sizes | null = null;
  /** the last bound plan of each region, for reports */
  readonly last = new Map<NativeRegion, Prepared>();

  readonly #most: number;

  /**
   * Takes over one reference to the model `id`, which this process has compiled unless `decoded` is
   * what openModel made of it. `most`: bytes of bound plans that are kept.
   */
  constructor(
    addon: Addon,
    id: number,
    options: SessionOptions,
    decoded: CompiledModel | null = null,
    most = PLAN_BYTES,
  ) {
    this.#most = most;
    this.plan = decoded ?? openModel(addon, id, undefined, true);
    try {
      this.native = addon.sessionCreate(id, options);
    } catch (e) {
      addon.modelRelease(id);
      throw failure(e);
    }
    this.#addon = addon;
  }

  /**
   * Symbol sizes from feeds in the order of the plan's inputs; types and ranks are checked before.
   * A copy where host nodes may add to it.
   */
  sizesOf(feeds: readonly Tensor[]): Sizes {
    const last = this.#shapes;
    const same =
      this.#sizes !== null &&
      feeds.every((t, i) => t.shape.every((d, axis) => d === last[i]![axis]));
    if (!same) {
      this.#sizes = bindInputs(this.plan, feeds);
      this.#shapes = feeds.map((t) => [...t.shape]);
    }
    const host = this.plan.regions.some((r) => r.kind === 'host');
    return host ? this.#sizes!.slice() : this.#sizes!;
  }

  /** The bound plan of a native region for these symbol sizes. */
  prepare(region: NativeRegion, sizes: Sizes): Prepared {
    const key = `${region.id}:${sizes.join(',')}`;
    const known = this.#prepared.get(key);
    if (known) {
      this.#prepared.delete(key);
      this.#prepared.set(key, known);
      this.last.set(region, known);
      return known;
    }
    const bound = bindRegion(this.plan, region, sizes);
    let binding: NativeBinding;
    try {
      binding = this.native.bind(bound.words, this.plan.kernels);
    } catch (e) {
      throw failure(e);
    }
    const { outputs, arenaBytes, micros } = bound;
    const made: Prepared = { sizes: sizes.slice(), outputs, arenaBytes, binding, micros };
    this.#prepared.set(key, made);
    this.#bytes += binding.bytes;
    for (const [oldKey, old] of this.#prepared) {
      if (this.#bytes <= this.#most || old === made) break;
      this.#prepared.delete(oldKey);
      this.#bytes -= old.binding.bytes;
      old.binding.release();
    }
    this.last.set(region, made);
    return made;
  }

  /** Queues a run in the addon. */
  async run(
    { binding }: Prepared,
    inputs: readonly View[],
    outputs: readonly View[],
    token: number,
    trace?: Float64Array,
  ): Promise<RunResult> {
    const pending = this.native.run(binding, inputs, outputs, token, trace);
    this.#queued++;
    try {
      return await pending;
    } finally {
      this.#queued--;
    }
  }
  /** runs queued or in flight in the addon */
  get queued(): number {
    return this.#queued;
  }
  get planBytes(): number {
    return this.#bytes;
  }
  async release(): Promise<void> {
    this.#prepared.clear();
    await this.native.release();
    this.#addon.modelRelease(this.plan.model);
  }
}
