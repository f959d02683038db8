/**
 * Looks for a plan that fits a given capacity: depth-first over the buffers, each put as low as what
 * is placed already allows. After Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-
 * Accelerated Machine Learning" (ASPLOS 2023): offsets only grow along a branch, times at which
 * nothing that is left is alive cut the problem in two, and a branch ends as soon as what is left at
 * some moment cannot fit above what is placed.
 */

export interface PackOptions {
  readonly capacity: number;
  /** buffers with higher numbers are tried first where several may come next */
  readonly priority: Float64Array;
  /** gives up when it is used up; counts elementary steps */
  readonly budget: { left: number };
  /** gives up after so many placements */
  readonly maxNodes: number;
}

class Search {
  readonly offsets: Float64Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #sizes: Float64Array;
  readonly #options: PackOptions;
  readonly #rank: Int32Array;
  readonly #placed: Uint8Array;
  /** lowest offset that a buffer not placed yet can have */
  readonly #low: Float64Array;
  /** bytes not placed yet, alive at each moment */
  readonly #rest: Float64Array;
  /** buffers alive at each moment, and those that share a moment with each buffer */
  readonly #alive: number[][];
  readonly #rivals: number[][];
  /** what to undo: (buffer, its low before) or (−1 − placed buffer, 0) */
  readonly #trail: number[] = [];
  #nodes = 0;

  constructor(spans: Int32Array, sizes: Float64Array, options: PackOptions) {
    const n = sizes.length;
    this.#options = options;
    this.#sizes = sizes;
    this.#first = Int32Array.from({ length: n }, (_, i) => spans[2 * i]!);
    this.#last = Int32Array.from({ length: n }, (_, i) => spans[2 * i + 1]!);
    this.offsets = new Float64Array(n);
    this.#placed = new Uint8Array(n);
    this.#low = new Float64Array(n);
    const ids = Int32Array.from({ length: n }, (_, i) => i);
    ids.sort((a, b) => options.priority[b]! - options.priority[a]! || a - b);
    this.#rank = new Int32Array(n);
    ids.forEach((b, k) => (this.#rank[b] = k));
    const moments = this.#last.reduce((most, t) => Math.max(most, t + 1), 0);
    this.#rest = new Float64Array(moments);
    this.#alive = Array.from({ length: moments }, () => []);
    for (let i = 0; i < n; i++)
      for (let t = this.#first[i]!; t <= this.#last[i]!; t++) {
        this.#rest[t]! += sizes[i]!;
        this.#alive[t]!.push(i);
      }
    this.#rivals = Array.from({ length: n }, (_, i) => {
      const found = new Set<number>();
      for (let t = this.#first[i]!; t <= this.#last[i]!; t++)
        for (const j of this.#alive[t]!) if (j !== i) found.add(j);
      return [...found];
    });
  }

  run(): boolean {
    const all = [...this.offsets.keys()].filter((i) => this.#sizes[i]! > 0);
    return this.#parts(all).every((part) => this.#solve(part, 0, -1) === true);
  }

  /** Groups of buffers, no two of which share a moment with a third; small ones first. */
  #parts(list: readonly number[]): number[][] {
    const sorted = [...list].sort((a, b) => this.#first[a]! - this.#first[b]!);
    const parts: number[][] = [];
    let end = -1;
    for (const i of sorted) {
      if (this.#first[i]! > end) parts.push([]);
      parts.at(-1)!.push(i);
      end = Math.max(end, this.#last[i]!);
    }
    return parts.sort((a, b) => a.length - b.length);
  }

  /** null: given up */
  #solve(list: readonly number[], floor: number, floorRank: number): boolean | null {
    const { budget, maxNodes } = this.#options;
    if (list.length === 0) return true;
    budget.left -= 4 * list.length;
    if (++this.#nodes > maxNodes || budget.left < 0) return null;
    const [low, rank] = [this.#low, this.#rank];
    // whatever starts above the lowest possible top can come after the buffer with that top
    let top = Infinity;
    for (const i of list) top = Math.min(top, low[i]! + this.#sizes[i]!);
    const next = list.filter(
      (i) => low[i]! < top && (low[i]! > floor || (low[i]! === floor && rank[i]! > floorRank)),
    );
    next.sort((a, b) => low[a]! - low[b]! || rank[a]! - rank[b]!);
    for (const b of next) {
      const mark = this.#trail.length;
      const at = low[b]!;
      let result: boolean | null = this.#place(b, at);
      if (result) {
        for (const part of this.#parts(list.filter((i) => i !== b))) {
          result = this.#solve(part, at, rank[b]!);
          if (result !== true) break;
        }
        if (result !== false) return result;
      }
      this.#undo(mark);
    }
    return false;
  }

  /** Puts b at `at`; false where something can then no longer fit. */
  #place(b: number, at: number): boolean {
    const { capacity, budget } = this.#options;
    const top = at + this.#sizes[b]!;
    this.#trail.push(-1 - b, 0);
    this.#placed[b] = 1;
    this.offsets[b] = at;
    let [from, to] = [this.#first[b]!, this.#last[b]!];
    for (let t = from; t <= to; t++) this.#rest[t]! -= this.#sizes[b]!;
    budget.left -= this.#rivals[b]!.length;
    for (const j of this.#rivals[b]!) {
      if (this.#placed[j] || this.#low[j]! >= top) continue;
      this.#trail.push(j, this.#low[j]!);
      this.#low[j] = top;
      if (top + this.#sizes[j]! > capacity) return false;
      from = Math.min(from, this.#first[j]!);
      to = Math.max(to, this.#last[j]!);
    }
    for (let t = from; t <= to; t++) {
      if (this.#rest[t] === 0) continue;
      budget.left -= this.#alive[t]!.length;
      let lowest = Infinity;
      for (const j of this.#alive[t]!)
        if (!this.#placed[j] && this.#low[j]! < lowest) lowest = this.#low[j]!;
      if (Math.max(lowest, at) + this.#rest[t]! > capacity) return false;
    }
    return true;
  }

  #undo(mark: number): void {
    while (this.#trail.length > mark) {
      const value = this.#trail.pop()!;
      const what = this.#trail.pop()!;
      if (what >= 0) {
        this.#low[what] = value;
        continue;
      }
      const b = -1 - what;
      this.#placed[b] = 0;
      for (let t = this.#first[b]!; t <= this.#last[b]!; t++) this.#rest[t]! += this.#sizes[b]!;
    }
  }
}

/** Offsets of a plan within the capacity, or null where none was found. */
export function packWithin(
  spans: Int32Array,
  sizes: Float64Array,
  options: PackOptions,
): Float64Array | null {
  options.budget.left -= 10 * sizes.length;
  const search = new Search(spans, sizes, options);
  return search.run() ? search.offsets : null;
}
