/** Numbers about lists of numbers. */

/** The value that a share `q` of a sorted list does not exceed: nearest rank. */
export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;

export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Spread {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** elements that are no numbers; the others make min, max and mean */
  readonly nan: number;
}

/** Null where there is nothing to tell of. */
export function spreadOf(list: Float64Array): Spread | null {
  let [min, max, sum, nan] = [Infinity, -Infinity, 0, 0];
  for (const x of list) {
    if (Number.isNaN(x)) {
      nan++;
      continue;
    }
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
  }
  return nan === list.length ? null : { min, max, mean: sum / (list.length - nan), nan };
}

/** Kendall's tau-a of pairs: how far two orders agree, from −1 to 1; NaN for fewer than two pairs. */
export function kendallTau(pairs: readonly (readonly [number, number])[]): number {
  let agree = 0;
  for (let i = 1; i < pairs.length; i++)
    for (let j = 0; j < i; j++)
      agree += Math.sign((pairs[i]![0] - pairs[j]![0]) * (pairs[i]![1] - pairs[j]![1]));
  return agree / ((pairs.length * (pairs.length - 1)) / 2);
}
