/**
 * Minimum cut of a directed network (Dinic's algorithm): labels nodes with 'source' or 'sink' so that
 * the capacities of edges from source to sink side sum up to as little as possible.
 */
export class FlowNetwork {
  /** edge e and its reverse e ^ 1 stand side by side */
  readonly #to: number[] = [];
  readonly #room: number[] = [];
  readonly #edges: number[][] = [];

  node(): number {
    return this.#edges.push([]) - 1;
  }

  edge(from: number, to: number, capacity: number): void {
    if (capacity <= 0 || from === to) return;
    this.#edges[from]!.push(this.#to.push(to) - 1);
    this.#room.push(capacity);
    this.#edges[to]!.push(this.#to.push(from) - 1);
    this.#room.push(0);
  }

  /** For each node: is it on the source's side of the smallest cut nearest to the source? */
  cut(source: number, sink: number): boolean[] {
    for (;;) {
      const level = this.#levels(source);
      if (level[sink]! < 0) return level.map((l) => l >= 0);
      const next = new Array<number>(this.#edges.length).fill(0);
      while (this.#augment(source, sink, level, next));
    }
  }

  /** Distances from the source over edges with room, −1 where there is no way. */
  #levels(source: number): number[] {
    const level = new Array<number>(this.#edges.length).fill(-1);
    level[source] = 0;
    const queue = [source];
    for (const u of queue)
      for (const e of this.#edges[u]!) {
        const v = this.#to[e]!;
        if (this.#room[e]! <= 0 || level[v]! >= 0) continue;
        level[v] = level[u]! + 1;
        queue.push(v);
      }
    return level;
  }

  /** Fills one shortest way; false when there is none. `next[u]`: edges of u not yet found useless. */
  #augment(source: number, sink: number, level: number[], next: number[]): boolean {
    const path: number[] = [];
    let u = source;
    while (u !== sink) {
      const edges = this.#edges[u]!;
      const e = edges[next[u]!];
      if (e === undefined) {
        const back = path.pop();
        if (back === undefined) return false;
        u = this.#to[back ^ 1]!;
        next[u]!++;
      } else if (this.#room[e]! > 0 && level[this.#to[e]!] === level[u]! + 1) {
        path.push(e);
        u = this.#to[e]!;
      } else next[u]!++;
    }
    const flow = Math.min(...path.map((e) => this.#room[e]!));
    for (const e of path) {
      this.#room[e]! -= flow;
      this.#room[e ^ 1]! += flow;
    }
    return true;
  }
}
