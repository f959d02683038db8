/**
 * Quantizes an ONNX model: calibrate, choose ranges, write integers, compare, and keep in float what
 * costs too much accuracy. Knows models and numbers; running them is lent by the layers above.
 */
import { raise } from '../errors.js';
import { type ExternalData } from '../onnx/tensor.js';
import { type Accuracy, type AccuracyBounds, keeps } from './accuracy.js';
import {
  type Calibration,
  type Feeds,
  type Open,
  calibrate,
  calibrationRuns,
} from './calibrate.js';
import { Document } from './document.js';
import { quantizeDynamic, quantizeWeights4, quantizeWeights8 } from './dynamic.js';
import { equalize } from './equalize.js';
import { foldBatchNorms } from './fold.js';
import { Judge, type Verdict } from './judge.js';
import { type Observer, rangeOf } from './observe.js';
import { type Ranked, nameOf, rankLayers } from './ranking.js';
import { type QuantParams, paramsFor } from './scheme.js';
import { type Selection, WEIGHTED, select } from './select.js';
import { quantizeStatic } from './static.js';
import { upgrade } from './upgrade.js';

export type Mode = 'static' | 'dynamic' | 'weights8' | 'weights4';

export interface QuantizeSettings {
  readonly mode: Mode;
  readonly observer: Observer;
  /** percent of values inside the range */
  readonly percentile: number;
  readonly perChannel: boolean;
  /** of activations; weights always are */
  readonly symmetric: boolean;
  readonly activations: 'uint8' | 'int8';
  readonly equalize: boolean;
  readonly biasCorrection: boolean;
  /** names of nodes (or of their outputs) that stay in float */
  readonly exclude: readonly string[];
  /** operator types that are quantized, of Conv, MatMul and Gemm */
  readonly ops: readonly string[];
  /** bounds, or a judgement: true is good enough; null: no check */
  readonly accuracy: AccuracyBounds | ((a: Accuracy) => boolean | Promise<boolean>) | null;
  readonly blockSize: number;
  /** share of the samples that is held back for the comparison */
  readonly holdBack: number;
  /** false: the result may be slower than the float model */
  readonly faster: boolean;
}

export const DEFAULTS: QuantizeSettings = {
  mode: 'static',
  observer: 'minmax',
  percentile: 99.99,
  perChannel: true,
  symmetric: false,
  activations: 'uint8',
  equalize: true,
  biasCorrection: true,
  exclude: [],
  ops: WEIGHTED,
  accuracy: null,
  blockSize: 32,
  holdBack: 0.25,
  faster: true,
};

export interface LayerReport {
  /** ONNX node */
  readonly node: string;
  /** name of what it computes */
  readonly output: string;
  readonly op: string;
  readonly quantized: boolean;
  /** why it is as it is */
  readonly why: string;
  /** of its product with a quantized weight, in dB: estimated from what calibration saw */
  readonly weightSqnr: number;
  /** of its input, estimated from what calibration saw, in dB; null where that was not looked at */
  readonly inputSqnr: number | null;
}

export interface QuantizeReport {
  readonly mode: Mode;
  readonly layers: readonly LayerReport[];
  readonly samples: { readonly calibration: number; readonly heldBack: number };
  /** against the float model on the samples held back; null without samples */
  readonly accuracy: Accuracy | null;
  /** bytes of the files */
  readonly bytes: { readonly before: number; readonly after: number };
  /** median milliseconds of a run, interleaved; null where nothing was run */
  readonly time: { readonly before: number; readonly after: number } | null;
  /** what the user should know */
  readonly notes: readonly string[];
}
export interface Quantized {
  /** an ordinary .onnx */
  readonly model: Uint8Array;
  readonly report: QuantizeReport;
}

export interface Lent {
  readonly open: Open;
  /** share of the work that is done, 0…1, and what is being done */
  readonly progress: (share: number, phase: string) => void;
  readonly signal?: AbortSignal;
}

interface Prepared {
  readonly doc: Document;
  readonly selection: Selection;
}
interface Attempt {
  readonly model: Uint8Array;
  /** nodes left in float */
  readonly out: ReadonlySet<string>;
  readonly verdict: Verdict;
}
/** the result must be faster by this much: medians vary */
const MARGIN = 0.97;

class Quantizer {
  readonly #bytes: Uint8Array;
  readonly #external: ExternalData | undefined;
  readonly #settings: QuantizeSettings;
  readonly #lent: Lent;
  readonly #samples: readonly Feeds[];
  readonly #held: readonly Feeds[];
  readonly #judge: Judge;
  readonly #notes: string[] = [];
  /** of the model as it is, and equalized */
  #raw: Calibration | null = null;
  #ranges: Calibration | null = null;
  #done = 0;
  #planned = 1;
  #phase = '';

  constructor(
    bytes: Uint8Array,
    external: ExternalData | undefined,
    samples: readonly Feeds[],
    settings: QuantizeSettings,
    lent: Lent,
  ) {
    this.#bytes = bytes;
    this.#external = external;
    this.#settings = settings;
    this.#lent = lent;
    const held = Math.min(samples.length - 1, Math.ceil(samples.length * settings.holdBack));
    // one sample serves for both: better than no comparison
    this.#samples = held > 0 ? samples.slice(0, samples.length - held) : samples;
    this.#held = held > 0 ? samples.slice(samples.length - held) : samples;
    // external data become part of the model that is run
    const float = (): Uint8Array => new Document(bytes, external).encode();
    this.#judge = new Judge(lent.open, float, this.#held, this.#step);
    if (samples.length === 1)
      this.#notes.push('one sample calibrated and compared: give more for a trustworthy result');
  }

  #step = (): void => {
    if (this.#lent.signal?.aborted) raise('HAIO_E_ABORTED', {});
    this.#lent.progress(Math.min(1, ++this.#done / this.#planned), this.#phase);
  };
  #enter(phase: string, steps: number): void {
    this.#phase = phase;
    this.#planned = Math.max(this.#planned, this.#done + steps);
    this.#lent.progress(Math.min(1, this.#done / this.#planned), phase);
  }

  #document(): Document {
    let doc = new Document(this.#bytes, this.#external);
    if (!upgrade(doc)) doc = new Document(this.#bytes, this.#external);
    foldBatchNorms(doc);
    return doc;
  }
  #select(doc: Document, exclude: ReadonlySet<string>): Selection {
    const { ops } = this.#settings;
    return select(doc, { exclude: new Set([...this.#settings.exclude, ...exclude]), ops });
  }

  /** A fresh document, equalized, and its selection. Calibration is done once. */
  async #prepared(exclude: ReadonlySet<string>): Promise<Prepared> {
    const doc = this.#document();
    if (this.#settings.mode === 'static') {
      const whole = this.#select(doc, new Set());
      this.#raw ??= await this.#calibrate(doc, whole);
      const changed = this.#settings.equalize ? equalize(doc, whole, this.#raw) : 0;
      this.#ranges ??= changed > 0 ? await this.#calibrate(doc, whole) : this.#raw;
    }
    return { doc, selection: this.#select(doc, exclude) };
  }

  #calibrate(doc: Document, selection: Selection): Promise<Calibration> {
    this.#enter('calibrate', calibrationRuns(selection.values.length, this.#samples.length));
    return calibrate(doc, selection, this.#lent.open, {
      samples: this.#samples,
      step: this.#step,
    });
  }

  #params(): Map<string, QuantParams> {
    const { activations: type, symmetric, observer, percentile } = this.#settings;
    return new Map(
      [...this.#ranges!.histograms].map(([value, h]) => {
        const [lo, hi] = rangeOf(h, { observer, percentile, type, symmetric });
        return [value, paramsFor(lo, hi, type, symmetric)];
      }),
    );
  }

  /** Writes integers into the document; returns the model. */
  #write({ doc, selection }: Prepared): Uint8Array {
    const { mode, perChannel, biasCorrection, blockSize } = this.#settings;
    if (mode === 'weights4') quantizeWeights4(doc, selection, { blockSize });
    else if (mode === 'weights8') quantizeWeights8(doc, selection);
    else if (mode === 'dynamic') quantizeDynamic(doc, selection);
    else {
      const means = new Map(
        biasCorrection ? [...this.#ranges!.channels].map(([v, c]) => [v, c.means] as const) : [],
      );
      quantizeStatic(doc, selection, this.#params(), { perChannel, means });
    }
    const domains: Record<string, number> = mode === 'weights4' ? { 'com.microsoft': 1 } : {};
    return doc.encode([], domains);
  }

  async #good(a: Accuracy): Promise<boolean> {
    const { accuracy } = this.#settings;
    if (accuracy === null) return true;
    return typeof accuracy === 'function' ? accuracy(a) : keeps(a, accuracy);
  }

  async run(): Promise<Quantized> {
    try {
      return await this.#run();
    } finally {
      await this.#judge.release();
    }
  }

  async #run(): Promise<Quantized> {
    const first = await this.#prepared(new Set());
    const { perChannel } = this.#settings;
    const params = this.#ranges ? this.#params() : new Map<string, QuantParams>();
    const ranking = rankLayers(first.doc, first.selection, perChannel, this.#ranges, params);
    const model = this.#write(first);
    const all = new Set(ranking.map((r) => nameOf(r.w)));
    if (all.size === 0) {
      this.#notes.push(
        'nothing to quantize: no Conv, MatMul or Gemm with constant float32 weights',
      );
      return this.#result(this.#bytes, [], all, null);
    }
    if (this.#held.length === 0) return this.#result(model, ranking, new Set(), null);
    const whole = await this.#judged(model, new Set());
    const found = (await this.#good(whole.verdict.accuracy))
      ? whole
      : await this.#search(ranking.map((r) => nameOf(r.w)));
    const slower =
      found && this.#settings.faster && found.verdict.after > found.verdict.before * MARGIN;
    if (found && !slower) return this.#result(found.model, ranking, found.out, found.verdict);
    this.#notes.push(
      found
        ? 'the quantized model is not faster here: the model stays as it was'
        : 'no choice of layers keeps the accuracy that was asked for: the model stays as it was',
    );
    return this.#result(this.#bytes, ranking, all, (found ?? whole).verdict);
  }

  async #judged(model: Uint8Array, out: ReadonlySet<string>): Promise<Attempt> {
    this.#enter('compare', 2 * this.#held.length + 2);
    return { model, out, verdict: await this.#judge.judge(model) };
  }

  /** The fewest of the worst layers in float that keep the accuracy: bisection over the ranking. */
  async #search(names: readonly string[]): Promise<Attempt | null> {
    let best: Attempt | null = null;
    let [low, high] = [0, names.length];
    let count = Math.ceil(names.length / 16);
    while (low + 1 < high) {
      const out = new Set(names.slice(0, count));
      const tried = await this.#judged(this.#write(await this.#prepared(out)), out);
      if (await this.#good(tried.verdict.accuracy)) [best, high] = [tried, count];
      else low = count;
      count = best ? Math.floor((low + high) / 2) : Math.min(high - 1, low * 2);
    }
    return best;
  }

  #result(
    model: Uint8Array,
    ranking: readonly Ranked[],
    out: ReadonlySet<string>,
    verdict: Verdict | null,
  ): Quantized {
    this.#lent.progress(1, 'done');
    const layers = ranking.map(({ w, weight, input }): LayerReport => {
      const name = nameOf(w);
      const quantized = !out.has(name);
      const why = quantized
        ? 'keeps the accuracy'
        : model === this.#bytes
          ? 'see notes'
          : 'its error is among the largest';
      return {
        node: name,
        output: w.node.output[0]!,
        op: w.node.op_type,
        quantized,
        why,
        weightSqnr: weight,
        inputSqnr: input,
      };
    });
    return {
      model,
      report: {
        mode: this.#settings.mode,
        layers,
        samples: { calibration: this.#samples.length, heldBack: this.#held.length },
        accuracy: verdict?.accuracy ?? null,
        bytes: { before: this.#bytes.length, after: model.length },
        time: verdict ? { before: verdict.before, after: verdict.after } : null,
        notes: this.#notes,
      },
    };
  }
}

/**
 * Quantizes the model of these bytes. Without samples only the modes 'dynamic', 'weights8' and
 * 'weights4' are possible, and nothing is compared.
 * @throws HaioError HAIO_E_MODEL; HAIO_E_ARGUMENT; HAIO_E_ABORTED
 */
export function quantizeBytes(
  bytes: Uint8Array,
  external: ExternalData | undefined,
  samples: readonly Feeds[],
  settings: QuantizeSettings,
  lent: Lent,
): Promise<Quantized> {
  if (settings.mode === 'static' && samples.length === 0)
    raise('HAIO_E_ARGUMENT', {
      name: 'calibration',
      expected: 'at least one sample for static quantization',
      got: 'none',
    });
  return new Quantizer(bytes, external, samples, settings, lent).run();
}
