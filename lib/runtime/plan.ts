/** Compiled models as things of their own: made once, saved, opened as sessions here or elsewhere. */
import { HaioError, raise } from '../errors.js';
import type { Addon } from '../native/types.js';
import type { HardwareProfile } from '../hardware/profile.js';
import type { Signature } from '../onnx/import.js';
import { openModel } from '../plan/decode.js';
import type { CompiledModel } from '../plan/plan.js';
import { typicalSizes } from '../plan/explain.js';
import { savePlan, verifyWeights } from '../plan/file.js';
import { type About, readAbout } from './about.js';
import { type CostReport, costOf } from './cost.js';
import { hardwareProfile } from './hardware.js';
import { Session } from './session.js';

export interface PlanCostOptions {
  /** of dimensions that are open still; default: those that kernels were chosen for */
  readonly sizes?: Readonly<Record<string, number>>;
  /** default: the cores of the machine */
  readonly threads?: number;
  /** default: the best one of the machine */
  readonly isa?: string;
  /** another machine; default: this one, measured where it is not known yet */
  readonly hardware?: HardwareProfile;
}

export interface OpenOptions {
  /** threads of one run; default: the cores this process may use */
  readonly threads?: number;
  /** ISA by name; default: HAIO_ISA, else the best usable one */
  readonly isa?: string;
  /** runs of the session at a time, each with an arena of its own; default 1 */
  readonly lanes?: number;
}
/** Options as the machine at hand has them. */
export interface Settled {
  readonly threads: number;
  readonly isa: string;
  readonly lanes: number;
}

/** A compiled model. Its weights are in memory once, however many sessions and threads use them. */
export class Plan {
  /** as they must be fed: what was fixed by the compile is a number */
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  readonly nodes: { readonly imported: number; readonly optimized: number };
  /** bytes of the whole, packed weights included */
  readonly bytes: number;
  readonly #addon: Addon;
  readonly #about: About;
  readonly #decoded: CompiledModel;
  readonly #settle: (options: OpenOptions) => Settled;
  #model: number;

  /** Takes over one reference to the model. Use compile() or openPlan(). */
  constructor(addon: Addon, model: number, settle: (options: OpenOptions) => Settled) {
    this.#addon = addon;
    this.#model = model;
    this.#settle = settle;
    try {
      this.#decoded = openModel(addon, model);
      this.#about = readAbout(this.#decoded.about);
    } catch (e) {
      addon.modelRelease(model);
      throw e;
    }
    this.inputs = this.#about.inputs;
    this.outputs = this.#about.outputs;
    this.nodes = this.#about.nodes;
    this.bytes = addon.modelBytes(model);
  }

  get #id(): number {
    return this.#model > 0 ? this.#model : raise('HAIO_E_RELEASED', {});
  }

  /**
   * Writes it to a file: all of it, or nothing.
   * @throws HaioError HAIO_E_FILE
   */
  async save(path: string): Promise<void> {
    await savePlan(this.#addon, this.#id, path);
  }

  /**
   * Compares the weights with the checksum they were saved with (tables are checked when opened).
   * @throws HaioError HAIO_E_PLAN
   */
  async verify(): Promise<void> {
    await verifyWeights(this.#addon, this.#id);
  }

  /** A session that runs it. The plan may be released before the session. */
  open(options: OpenOptions = {}): Session {
    const settings = this.#settle(options);
    const { inputs, outputs, nodes, state, values } = this.#about;
    this.#addon.modelRetain(this.#id);
    return new Session(
      { addon: this.#addon, compile: null, fixed: values, ...settings },
      { model: this.#model, decoded: this.#decoded, inputs, outputs, nodes, state },
    );
  }

  /**
   * What a run costs, layer by layer, by the cost model (docs/cost.md): nothing is run.
   * @throws HaioError HAIO_E_NAME for unknown sizes, HAIO_E_ISA for an ISA that the machine lacks
   */
  async cost({ sizes = {}, threads, isa, hardware }: PlanCostOptions = {}): Promise<CostReport> {
    const machine = hardware ?? (await hardwareProfile());
    const { symbols } = this.#decoded;
    const taken = typicalSizes(this.#decoded);
    for (const [name, size] of Object.entries(sizes)) {
      const at = symbols.findIndex((s) => s.name === name);
      const known = symbols.map((s) => s.name).join(', ') || 'none';
      if (at < 0) raise('HAIO_E_NAME', { what: 'size', name, known });
      taken[at] = size;
    }
    return costOf(this.#decoded, taken, {
      hardware: machine,
      isa: isa ?? (hardware ? Object.keys(machine.products)[0]! : this.#settle({}).isa),
      threads: threads || machine.cores.usable,
    });
  }

  /** Gives back this reference to its memory; sessions keep theirs. */
  release(): void {
    if (this.#model === 0) return;
    this.#addon.modelRelease(this.#model);
    this.#model = 0;
  }
  [Symbol.dispose](): void {
    this.release();
  }
}

/** What a compile needs before it can be finished, as one error that says how to give it. */
export const pinsWanted = (pins: {
  readonly symbols: readonly string[];
  readonly inputs: readonly string[];
  readonly shapes: readonly string[];
}): HaioError =>
  new HaioError('HAIO_E_ARGUMENT', {
    name: 'model',
    expected: [
      ...(pins.symbols.length > 0 ? [`sizes of ${pins.symbols.join(', ')}`] : []),
      ...(pins.inputs.length > 0 ? [`values of ${pins.inputs.join(', ')}`] : []),
      ...(pins.shapes.length > 0 ? [`shapes of ${pins.shapes.join(', ')}`] : []),
    ].join(' and '),
    got: 'none, and its graph depends on them',
  });
