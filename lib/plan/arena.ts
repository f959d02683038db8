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

/** Orders by a score, highest first; ties by index. */
const ordered = (n: number, score: (i: number) => number): Int32Array => {
  const scores = Float64Array.from({ length: n }, (_, i) => score(i));
  return Int32Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => scores[b]! - scores[a]! || a - b,
  );
};

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
 * A plan not larger than greedy-by-size: the best of several orders, then local search. Buffers at
 * the top are moved forward in the order, past one they share time with; changes that do not make
 * the arena larger are kept. `work` bounds the search: tries × buffers².
 */
export function planArena(spans: Int32Array, sizes: Float64Array, work = 4e7): ArenaPlan {
  const n = sizes.length;
  const offsets = new Float64Array(n);
  const bound = lowerBound(spans, sizes);
  const life = (i: number): number => spans[2 * i + 1]! - spans[2 * i]! + 1;
  let best: { order: Int32Array; bytes: number } | null = null;
  for (const score of [
    (i: number) => sizes[i]!,
    (i: number) => sizes[i]! * life(i),
    (i: number) => life(i),
    (i: number) => -spans[2 * i]!,
  ]) {
    const order = ordered(n, score);
    const bytes = placeInOrder(spans, sizes, order, offsets);
    if (!best || bytes < best.bytes) best = { order, bytes };
    if (bytes === bound) break;
  }
  let { order, bytes } = best!;
  const dice = random();
  const pick = (count: number): number => Math.floor(dice.next().value * count);
  const tries = Math.min(20000, Math.floor(work / (n * n + 1)));
  placeInOrder(spans, sizes, order, offsets);
  const offsetsNow = offsets.slice();
  for (let t = 0; t < tries && bytes > bound; t++) {
    const top: number[] = [];
    for (let k = 0; k < n; k++)
      if (offsetsNow[order[k]!]! + sizes[order[k]!]! === bytes) top.push(k);
    const from = top[pick(top.length)]!;
    const mover = order[from]!;
    const rivals: number[] = [];
    for (let k = 0; k < from; k++) {
      const p = order[k]!;
      if (spans[2 * p]! <= spans[2 * mover + 1]! && spans[2 * p + 1]! >= spans[2 * mover]!)
        rivals.push(k);
    }
    if (rivals.length === 0) break;
    const to = rivals[pick(rivals.length)]!;
    const next = order.slice();
    next.copyWithin(to + 1, to, from);
    next[to] = mover;
    const got = placeInOrder(spans, sizes, next, offsets);
    if (got > bytes) continue;
    order = next;
    bytes = got;
    offsetsNow.set(offsets);
  }
  return { order, offsets: offsetsNow, bytes };
}
