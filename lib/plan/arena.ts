/**
 * Places buffers with known lifespans in one arena: first-fit in a given order, and a search for a
 * good order. Pure arithmetic; the problem is Dynamic Storage Allocation, which is NP-complete.
 */

/** Offsets are multiples of it. */
export const ALIGN = 64;
export const alignUp = (bytes: number, to = ALIGN): number => Math.ceil(bytes / to) * to;

export interface ArenaPlan {
  /** buffers in the order in which `placeInOrder` reaches `bytes` */
  readonly order: Int32Array;
  readonly offsets: Float64Array;
  readonly bytes: number;
}

/**
 * Puts each buffer at the lowest offset that is free during its life, one after the other. Buffer i
 * lives from step spans[2i] to step spans[2i+1], both included; `sizes` are multiples of ALIGN.
 * Fills `offsets` and returns the end of the highest buffer.
 */
export function placeInOrder(
  spans: Int32Array,
  sizes: Float64Array,
  order: Int32Array,
  offsets: Float64Array,
): number {
  const n = order.length;
  // placed buffers by offset
  const placed = new Int32Array(n);
  let count = 0;
  let total = 0;
  for (let k = 0; k < n; k++) {
    const b = order[k]!;
    const size = sizes[b]!;
    const first = spans[2 * b]!;
    const last = spans[2 * b + 1]!;
    let at = 0;
    let i = 0;
    for (; i < count && size > 0; i++) {
      const p = placed[i]!;
      if (spans[2 * p]! > last || spans[2 * p + 1]! < first) continue;
      if (offsets[p]! >= at + size) break;
      const end = offsets[p]! + sizes[p]!;
      if (end > at) at = end;
    }
    offsets[b] = at;
    if (size === 0) continue;
    if (at + size > total) total = at + size;
    // insertion by offset, from the back
    let j = count++;
    while (j > 0 && offsets[placed[j - 1]!]! > at) {
      placed[j] = placed[j - 1]!;
      j--;
    }
    placed[j] = b;
  }
  return total;
}

/** Most bytes alive at any moment: no plan is smaller. */
export function lowerBound(spans: Int32Array, sizes: Float64Array): number {
  let steps = 0;
  for (let i = 1; i < spans.length; i += 2) steps = Math.max(steps, spans[i]! + 2);
  const change = new Float64Array(steps);
  for (let i = 0; i < sizes.length; i++) {
    change[spans[2 * i]!]! += sizes[i]!;
    change[spans[2 * i + 1]! + 1]! -= sizes[i]!;
  }
  let alive = 0;
  let most = 0;
  for (const c of change) {
    alive += c;
    if (alive > most) most = alive;
  }
  return most;
}

/** Buffers by priority, highest first; ties by index. */
const byPriority = (priority: Float64Array): Int32Array =>
  Int32Array.from(priority.keys()).sort((a, b) => priority[b]! - priority[a]! || a - b);

/** xorshift32: the search is the same on every machine */
function* random(): Generator<number, never> {
  for (let x = 2463534242; ;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield (x >>> 0) / 2 ** 32;
  }
}

/**
 * A plan not larger than greedy-by-size. From several orders (by size, area, length of life, start)
 * "squeaky wheel" optimisation (Joslin and Clements, JAIR 10, 1999): place in order of priority, then
 * raise the priority of the buffers that stick out, again and again. Ends at the lower bound, or
 * when `work` is done: tries × buffers².
 */
export function planArena(spans: Int32Array, sizes: Float64Array, work = 4e7): ArenaPlan {
  const n = sizes.length;
  const bound = lowerBound(spans, sizes);
  const life = (i: number): number => spans[2 * i + 1]! - spans[2 * i]! + 1;
  const starts = [
    (i: number) => sizes[i]!,
    (i: number) => sizes[i]! * life(i),
    (i: number) => life(i),
    (i: number) => -spans[2 * i]!,
  ];
  const dice = random();
  const tries = Math.min(2000, Math.floor(work / starts.length / (n * n + 1)));
  const offsets = new Float64Array(n);
  let best: ArenaPlan = { order: new Int32Array(), offsets, bytes: Infinity };
  for (const score of starts) {
    let order = byPriority(Float64Array.from({ length: n }, (_, i) => score(i)));
    const priority = new Float64Array(n);
    order.forEach((b, rank) => (priority[b] = n - rank));
    for (let t = 0; t <= tries && best.bytes > bound; t++) {
      const bytes = placeInOrder(spans, sizes, order, offsets);
      if (bytes < best.bytes) best = { order, offsets: offsets.slice(), bytes };
      for (let i = 0; i < n; i++) {
        const top = offsets[i]! + sizes[i]!;
        const blame = top >= best.bytes ? 0.3 : top > bound ? 0.1 : 0;
        if (blame > 0) priority[i]! += n * blame * dice.next().value;
      }
      order = byPriority(priority);
    }
  }
  return best;
}
