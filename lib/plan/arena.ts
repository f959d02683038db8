/**
 * Places buffers with known lifespans in one arena: first-fit in a given order, and a search for a
 * good order. Pure arithmetic; the problem is Dynamic Storage Allocation, which is NP-complete.
 */
import { packWithin } from './arena-search.js';

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

/** xorshift32 in 0…1: the search is the same on every machine */
function dice(): () => number {
  let x = 2463534242;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** Steps, bytes and their product of each buffer, and the most bytes alive during its life. */
function measures(
  spans: Int32Array,
  sizes: Float64Array,
): Record<'life' | 'area' | 'crowd', Float64Array> {
  const alive: number[] = [];
  const each = (visit: (i: number, t: number) => void): void =>
    sizes.forEach((_, i) => {
      for (let t = spans[2 * i]!; t <= spans[2 * i + 1]!; t++) visit(i, t);
    });
  const life = new Float64Array(sizes.length);
  const crowd = new Float64Array(sizes.length);
  each((i, t) => {
    life[i]!++;
    alive[t] = (alive[t] ?? 0) + sizes[i]!;
  });
  each((i, t) => (crowd[i] = Math.max(crowd[i]!, alive[t]!)));
  return { life, area: life.map((d, i) => d * sizes[i]!), crowd };
}

/**
 * A plan not larger than greedy-by-size, at the lower bound in all common cases. First several
 * orders; then, while larger than the bound, searches for plans that fit a capacity (see arena-search.ts): the bound itself, then halfway between what was found
 * and what was not. `effort` bounds the search in elementary steps, some 10⁸ a second.
 */
export function planArena(spans: Int32Array, sizes: Float64Array, effort = 1e8): ArenaPlan {
  const bound = lowerBound(spans, sizes);
  const { life, area, crowd } = measures(spans, sizes);
  const offsets = new Float64Array(sizes.length);
  let best: ArenaPlan = { order: new Int32Array(), offsets, bytes: Infinity };
  const take = (order: Int32Array): void => {
    const bytes = placeInOrder(spans, sizes, order, offsets);
    if (bytes < best.bytes) best = { order, offsets: offsets.slice(), bytes };
  };
  const starts = life.map((_, i) => -spans[2 * i]!);
  for (const priority of [sizes, area, life, starts])
    if (best.bytes > bound) take(byPriority(priority));

  const budget = { left: effort };
  const random = dice();
  /** a random mixture of the measures */
  const mixture = (): Float64Array => {
    const [w, s, c, noise] = [
      1.5 * random(),
      1.5 * random(),
      Math.max(0, 8 * random() - 4),
      0.5 * random(),
    ];
    return life.map(
      (d, i) =>
        w * Math.log(d) +
        s * Math.log(sizes[i]! + 1) +
        c * Math.log(crowd[i]! + 1) +
        noise * random(),
    );
  };
  const crowded = crowd.map((c, i) => c * 1e6 + area[i]! / 1e6);
  const long = life.map((d, i) => d * 1e9 + area[i]! / 1e6);
  /** true where a plan within the capacity was found: `best` is one, then */
  const fits = (capacity: number, priority: Float64Array): boolean => {
    const found = packWithin(spans, sizes, {
      capacity,
      priority,
      budget,
      maxNodes: 1.5 * sizes.length + 50,
    });
    // first-fit by growing offsets puts nothing higher than it was found
    if (found) take(byPriority(found.map((at) => -at)));
    return found !== null;
  };
  let failed = bound;
  if (best.bytes > bound && [crowded, long, area, sizes].some((p) => fits(bound, p))) return best;
  while (budget.left > 0 && best.bytes - failed > bound / 200) {
    const capacity = alignUp(failed + (best.bytes - failed) / 2) - ALIGN;
    if (capacity < bound) break;
    let found = false;
    for (let t = 0; t < 20 && !found && budget.left > 0; t++) found = fits(capacity, mixture());
    if (!found) failed = capacity + ALIGN;
  }
  return best;
}
