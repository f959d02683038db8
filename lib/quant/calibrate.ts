/** What calibration runs of the float model tell of the values that are to be quantized. */
import type { Tensor } from '../tensor/tensor.js';
import type { Outputs } from './accuracy.js';
import type { Document } from './document.js';
import { Histogram } from './observe.js';
import type { Selection, WeightedNode } from './select.js';
import { eachAlong } from './scheme.js';

export type Feeds = Readonly<Record<string, Tensor>>;

/** A model that can be run: what the layers above lend. */
export interface Runnable {
  run(feeds: Feeds): Promise<Outputs>;
  /** median milliseconds of some runs */
  time(feeds: Feeds): Promise<number>;
  release(): Promise<void>;
}
/** Opens the bytes of an ONNX model. */
export type Open = (model: Uint8Array) => Promise<Runnable>;

/** Sums along the input channels of a weighted node. */
export class ChannelStats {
  readonly sums: Float64Array;
  readonly squares: Float64Array;
  readonly most: Float64Array;
  count = 0;
  constructor(channels: number) {
    this.sums = new Float64Array(channels);
    this.squares = new Float64Array(channels);
    this.most = new Float64Array(channels);
  }
  add({ shape, data }: Tensor, axis: number): void {
    eachAlong(shape, axis, (i, c) => {
      const x = Number(data[i]);
      this.sums[c]! += x;
      this.squares[c]! += x * x;
      this.most[c] = Math.max(this.most[c]!, Math.abs(x));
    });
    this.count += data.length / this.sums.length;
  }
  get means(): Float64Array {
    return this.sums.map((s) => (this.count > 0 ? s / this.count : 0));
  }
}

export interface Calibration {
  readonly histograms: ReadonlyMap<string, Histogram>;
  /** of the inputs of weighted nodes, by value */
  readonly channels: ReadonlyMap<string, ChannelStats>;
}

/** Values that are outputs of one run: more would fill memory with what is looked at once. */
const AT_ONCE = 32;

/** Axis of the input's channels: 1 for convolutions, else the last. */
const channelAxis = ({ node }: WeightedNode, rank: number): number =>
  node.op_type === 'Conv' ? 1 : rank - 1;

export interface CalibrateOptions {
  readonly samples: readonly Feeds[];
  /** called after each run */
  readonly step: () => void;
}

/** Runs the model on all samples and looks at the selected values. */
export async function calibrate(
  doc: Document,
  { weighted, values }: Selection,
  open: Open,
  { samples, step }: CalibrateOptions,
): Promise<Calibration> {
  const histograms = new Map(values.map((v) => [v, new Histogram()]));
  const channels = new Map<string, ChannelStats>();
  const readers = new Map(weighted.map((w) => [w.node.input[0]!, w]));
  const fed = values.filter((v) => doc.inputs.includes(v));
  const made = values.filter((v) => !doc.inputs.includes(v));
  const look = (name: string, t: Tensor): void => {
    histograms.get(name)!.add(t.data as unknown as ArrayLike<number>);
    const w = readers.get(name);
    if (!w || t.shape.length < 2) return;
    const axis = channelAxis(w, t.shape.length);
    let stats = channels.get(name);
    if (!stats) channels.set(name, (stats = new ChannelStats(t.shape[axis]!)));
    if (stats.sums.length === t.shape[axis]) stats.add(t, axis);
  };
  const groups = Array.from({ length: Math.max(1, Math.ceil(made.length / AT_ONCE)) }, (_, i) =>
    made.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
  for (const [i, group] of groups.entries()) {
    const wanted = group.filter((v) => !doc.isOutput(v));
    const model = await open(doc.encode(wanted));
    try {
      for (const feeds of samples) {
        const outputs = await model.run(feeds);
        for (const name of group) look(name, outputs[name]!);
        if (i === 0) for (const name of fed) look(name, feeds[name]!);
        step();
      }
    } finally {
      await model.release();
    }
  }
  return { histograms, channels };
}

/** Runs that calibrate() will make. */
export const calibrationRuns = (values: number, samples: number): number =>
  samples * Math.max(1, Math.ceil(values / AT_ONCE));
