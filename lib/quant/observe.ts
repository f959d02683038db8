/**
 * Ranges of values seen in calibration runs. A histogram grows with the values (its bins join in
 * pairs when they no longer reach), so values are looked at once and none is kept.
 */
import { limitsOf } from '../tensor/dtype.js';
import { paramsFor, type QuantType } from './scheme.js';

/** How the range is chosen from what was seen. */
export type Observer = 'minmax' | 'percentile' | 'entropy' | 'mse';

export interface ObserverOptions {
  readonly observer: Observer;
  /** share of values inside the range, in percent: percentile */
  readonly percentile: number;
  readonly type: QuantType;
  readonly symmetric: boolean;
}

const BINS = 2048;

/** Counts of values in BINS equal bins over [−reach, reach]. */
export class Histogram {
  readonly counts = new Float64Array(BINS);
  reach = 0;
  min = Infinity;
  max = -Infinity;
  total = 0;

  /** Values that are no finite numbers are left out. */
  add(values: ArrayLike<number>): void {
    let [least, greatest] = [Infinity, -Infinity];
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (x < least && x > -Infinity) least = x;
      if (x > greatest && x < Infinity) greatest = x;
    }
    if (least > greatest) return;
    this.min = Math.min(this.min, least);
    this.max = Math.max(this.max, greatest);
    this.#grow(Math.max(-least, greatest));
    const [{ counts }, scale] = [this, this.reach > 0 ? BINS / (2 * this.reach) : 0];
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (!(x >= least && x <= greatest)) continue;
      counts[Math.min(BINS - 1, Math.floor((x + this.reach) * scale))]!++;
      this.total++;
    }
  }

  #grow(reach: number): void {
    if (this.reach === 0) {
      this.reach = reach;
      if (this.total > 0 && reach > 0) this.counts.fill(0).fill(this.total, BINS / 2, BINS / 2 + 1);
      return;
    }
    while (this.reach < reach) {
      const joined = new Float64Array(BINS);
      for (let i = 0; i < BINS; i++) joined[BINS / 4 + (i >> 1)]! += this.counts[i]!;
      this.counts.set(joined);
      this.reach *= 2;
    }
  }

  get width(): number {
    return (2 * this.reach) / BINS;
  }
  /** middle of bin i */
  middle(i: number): number {
    return -this.reach + (i + 0.5) * this.width;
  }
}

/** The range [lo, hi] to quantize, 0 included. */
export function rangeOf(h: Histogram, options: ObserverOptions): readonly [number, number] {
  if (h.total === 0) return [0, 0];
  const { min, max } = h;
  if (h.reach === 0 || options.observer === 'minmax') return [Math.min(min, 0), Math.max(max, 0)];
  const [lo, hi] = {
    percentile: percentileRange,
    entropy: entropyRange,
    mse: mseRange,
  }[options.observer](h, options);
  return [Math.min(Math.max(lo, min), 0), Math.max(Math.min(hi, max), 0)];
}

/** Leaves half of what is outside the percentile on either side. */
function percentileRange(h: Histogram, { percentile }: ObserverOptions): [number, number] {
  const outside = (h.total * (1 - percentile / 100)) / 2;
  let [from, to] = [0, BINS - 1];
  for (let sum = 0; from < to && sum + h.counts[from]! <= outside; from++) sum += h.counts[from]!;
  for (let sum = 0; to > from && sum + h.counts[to]! <= outside; to--) sum += h.counts[to]!;
  return [-h.reach + from * h.width, -h.reach + (to + 1) * h.width];
}

/** Candidate ranges: the whole one shrunk to a share of it. */
const SHARES = Array.from({ length: 64 }, (_, i) => 1 - i / 80);

/** The range with the least mean squared error of quantized values. */
function mseRange(h: Histogram, { type, symmetric }: ObserverOptions): [number, number] {
  let best: [number, number] = [h.min, h.max];
  let least = Infinity;
  const [first, last] = limitsOf(type);
  for (const share of SHARES) {
    const [lo, hi] = [Math.min(0, h.min * share), Math.max(0, h.max * share)];
    const { scale, zero } = paramsFor(lo, hi, type, symmetric);
    let error = 0;
    for (let i = 0; i < BINS; i++) {
      if (h.counts[i] === 0) continue;
      const x = h.middle(i);
      const q = Math.min(last, Math.max(first, Math.round(x / scale) + zero));
      error += h.counts[i]! * (x - (q - zero) * scale) ** 2;
    }
    if (error < least) [least, best] = [error, [lo, hi]];
  }
  return best;
}

/** magnitudes in bins, and the steps that quantization leaves of them (Migacz, 8-bit inference, 2017) */
const MAGNITUDES = BINS / 2;
const STEPS = 128;

/** Kullback–Leibler divergence of the values' distribution clipped at `end` bins from its quantized form. */
function divergence(p: Float64Array, end: number, beyond: number): number {
  const clipped = p.slice(0, end);
  clipped[end - 1]! += beyond;
  const q = new Float64Array(end);
  for (let s = 0; s < STEPS; s++) {
    const [a, b] = [Math.floor((s * end) / STEPS), Math.floor(((s + 1) * end) / STEPS)];
    let [sum, used] = [0, 0];
    for (let i = a; i < b; i++) {
      sum += p[i]!;
      if (p[i]! > 0) used++;
    }
    if (used > 0) for (let i = a; i < b; i++) if (p[i]! > 0) q[i] = sum / used;
  }
  const [pTotal, qTotal] = [clipped, q].map((list) => list.reduce((x, y) => x + y, 0)) as [
    number,
    number,
  ];
  let sum = 0;
  for (let i = 0; i < end; i++) {
    const [x, y] = [clipped[i]! / pTotal, q[i]! / qTotal];
    if (x > 0) sum += x * Math.log(x / Math.max(y, 1e-12));
  }
  return sum;
}

/** The clipping of magnitudes that loses least information. */
function entropyRange(h: Histogram): [number, number] {
  const p = new Float64Array(MAGNITUDES);
  for (let i = 0; i < MAGNITUDES; i++)
    p[i] = h.counts[MAGNITUDES + i]! + h.counts[MAGNITUDES - 1 - i]!;
  // zeros say nothing about the range
  p[0] = p[1]!;
  const tail = new Float64Array(MAGNITUDES + 1);
  for (let i = MAGNITUDES - 1; i >= 0; i--) tail[i] = tail[i + 1]! + p[i]!;
  let [best, least] = [MAGNITUDES, Infinity];
  for (let end = STEPS; end <= MAGNITUDES; end += 8) {
    const d = divergence(p, end, tail[end]!);
    if (d < least) [least, best] = [d, end];
  }
  const limit = best * h.width;
  return [Math.max(h.min, -limit), Math.min(h.max, limit)];
}
