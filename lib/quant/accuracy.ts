/** How near outputs are to reference ones. */
import { toNumbers, type Tensor } from '../tensor/tensor.js';

export type Outputs = Readonly<Record<string, Tensor>>;

/** Of all float outputs over all samples. */
export interface Accuracy {
  /** least cosine of an output of a sample with the reference */
  readonly cosine: number;
  /** signal over error power in dB, over everything */
  readonly sqnr: number;
  /** largest |a − b| */
  readonly maxError: number;
  /** share of rows (last axis) whose greatest element is in the same place */
  readonly top1: number;
}

/** Bounds that a quantized model must keep; or a judgement of one's own: true is good enough. */
export interface AccuracyBounds {
  readonly cosine?: number;
  readonly sqnr?: number;
  readonly maxError?: number;
  readonly top1?: number;
}

/** Sums up comparisons of outputs, one sample after the other. */
export class Comparison {
  #cosine = 1;
  #signal = 0;
  #noise = 0;
  #worst = 0;
  #rows = 0;
  #same = 0;

  add(reference: Outputs, got: Outputs): void {
    for (const [name, t] of Object.entries(reference)) {
      const other = got[name];
      if (!other || !t.dtype.startsWith('float')) continue;
      this.#compare(toNumbers(t), toNumbers(other), t.shape.at(-1) ?? 1);
    }
  }

  #compare(a: Float64Array, b: Float64Array, row: number): void {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i]!, b[i]!];
      [ab, aa, bb] = [ab + x * y, aa + x * x, bb + y * y];
      this.#noise += (x - y) ** 2;
      this.#worst = Math.max(this.#worst, Math.abs(x - y));
    }
    this.#signal += aa;
    const product = Math.sqrt(aa) * Math.sqrt(bb);
    this.#cosine = Math.min(this.#cosine, product > 0 ? ab / product : aa === bb ? 1 : 0);
    if (row < 2) return;
    for (let at = 0; at < a.length; at += row) {
      this.#rows++;
      if (greatest(a, at, row) === greatest(b, at, row)) this.#same++;
    }
  }

  get result(): Accuracy {
    return {
      cosine: this.#cosine,
      sqnr: this.#noise === 0 ? Infinity : 10 * Math.log10(this.#signal / this.#noise),
      maxError: this.#worst,
      top1: this.#rows === 0 ? 1 : this.#same / this.#rows,
    };
  }
}

function greatest(list: Float64Array, from: number, count: number): number {
  let best = from;
  for (let i = from + 1; i < from + count; i++) if (list[i]! > list[best]!) best = i;
  return best - from;
}

/** Whether an accuracy keeps the bounds. */
export const keeps = (a: Accuracy, { cosine, sqnr, maxError, top1 }: AccuracyBounds): boolean =>
  a.cosine >= (cosine ?? -1) &&
  a.sqnr >= (sqnr ?? -Infinity) &&
  a.maxError <= (maxError ?? Infinity) &&
  a.top1 >= (top1 ?? 0);
