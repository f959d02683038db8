/** What quantizing each layer costs, estimated from what calibration saw. */
import { limitsOf } from '../tensor/dtype.js';
import type { Calibration } from './calibrate.js';
import type { Document } from './document.js';
import type { Histogram } from './observe.js';
import { type QuantParams, quantizeValue, quantizeWeight } from './scheme.js';
import type { Selection, WeightedNode } from './select.js';
import { weightSqnr } from './static.js';

/** A layer's signal-to-error ratios, in dB. */
export interface Ranked {
  readonly w: WeightedNode;
  /** of its product with the quantized weight */
  readonly weight: number;
  /** of its quantized input; null where calibration did not look at it */
  readonly input: number | null;
}

/** The node's name in reports and exclusions. */
export const nameOf = ({ node }: WeightedNode): string => node.name || node.output[0]!;

/** Signal over error power of quantized values, in dB, from their histogram. */
function inputSqnr(h: Histogram, p: QuantParams): number {
  const [least, greatest] = limitsOf(p.type);
  let [signal, noise] = [0, 0];
  h.counts.forEach((count, i) => {
    const x = h.middle(i);
    const inside = x >= (least - p.zero) * p.scale && x <= (greatest - p.zero) * p.scale;
    // rounding spreads evenly over a step; what is clipped is off by the way to the limit
    const error = inside ? p.scale ** 2 / 12 : (x - dequantize(quantizeValue(x, p), p)) ** 2;
    signal += count * x * x;
    noise += count * error;
  });
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}
const dequantize = (q: number, { scale, zero }: QuantParams): number => (q - zero) * scale;

/** Layers by what quantizing them costs, the worst first. `params`: of the values calibration saw. */
export function rankLayers(
  doc: Document,
  { weighted }: Selection,
  perChannel: boolean,
  seen: Calibration | null,
  params: ReadonlyMap<string, QuantParams>,
): Ranked[] {
  const worst = ({ weight, input }: Ranked): number => Math.min(weight, input ?? Infinity);
  return weighted
    .map((w): Ranked => {
      const value = w.node.input[0]!;
      const t = doc.constant(w.weight)!;
      const q = quantizeWeight(t, 'int8', perChannel ? w.axis : null);
      const [h, p] = [seen?.histograms.get(value), params.get(value)];
      const energy = seen?.channels.get(value)?.squares ?? null;
      return { w, weight: weightSqnr(t, q, w, energy), input: h && p ? inputSqnr(h, p) : null };
    })
    .sort((a, b) => worst(a) - worst(b));
}
