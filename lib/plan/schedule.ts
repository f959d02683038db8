/** Order of the items, lifetimes of their buffers, and which output overwrites which input. */
import type { Buffer, Operand } from '../ir/step.js';
import { typical } from '../tensor/dim.js';
import {
  type PlanBlock,
  type PlanItem,
  type PlanStep,
  cellsOf,
  isBlock,
  stepsOf,
  usesOf,
} from './items.js';
import { isDenseOperand } from './place.js';

export interface Schedule {
  readonly items: readonly PlanItem[];
  /** for each step the bit mask of inputs that lie where output 0 does */
  readonly inplace: ReadonlyMap<PlanStep, number>;
  /** arena buffers that need a place, and their (first slot, last slot); see `slotsOf` */
  readonly buffers: readonly Buffer[];
  readonly lifespans: Int32Array;
  /** the buffer that stands for `b` after outputs took over the places of inputs */
  root(b: Buffer): Buffer;
}

/** Without items whose results nobody reads. */
export function liveItems(items: readonly PlanItem[]): PlanItem[] {
  const read = new Set<Buffer>();
  const live: PlanItem[] = [];
  for (const item of [...items].reverse()) {
    const { reads, writes } = usesOf(item);
    const isRead = (b: Buffer): boolean => b.kind === 'output' || read.has(b);
    if (![...writes].some(isRead)) continue;
    for (const b of reads) read.add(b);
    live.push(item);
  }
  return live.reverse();
}

function note(map: Map<Buffer, number[]>, b: Buffer, i: number): void {
  const list = map.get(b);
  if (list) list.push(i);
  else map.set(b, [i]);
}

/** For each item the earlier ones it must follow: same buffer, at least one of the two writes. */
function dependencies(items: readonly PlanItem[]): Set<number>[] {
  const writers = new Map<Buffer, number[]>();
  const readers = new Map<Buffer, number[]>();
  return items.map((item, i) => {
    const { reads, writes } = usesOf(item);
    const before = new Set<number>();
    for (const b of reads) for (const w of writers.get(b) ?? []) before.add(w);
    for (const b of writes)
      for (const j of [...(writers.get(b) ?? []), ...(readers.get(b) ?? [])]) before.add(j);
    for (const b of reads) note(readers, b, i);
    for (const b of writes) note(writers, b, i);
    return before;
  });
}

const arenaBuffers = (item: PlanItem): Set<Buffer> => {
  const { reads, writes } = usesOf(item);
  return new Set([...reads, ...writes].filter((b) => b.kind === 'arena'));
};

/** Most bytes alive in this order. */
function peak(steps: readonly PlanItem[], bytes: (b: Buffer) => number): number {
  const uses = new Map<Buffer, number>();
  for (const s of steps) for (const b of arenaBuffers(s)) uses.set(b, (uses.get(b) ?? 0) + 1);
  const started = new Set<Buffer>();
  let [alive, most] = [0, 0];
  for (const s of steps) {
    const buffers = arenaBuffers(s);
    for (const b of buffers)
      if (!started.has(b)) {
        started.add(b);
        alive += bytes(b);
      }
    most = Math.max(most, alive);
    for (const b of buffers) {
      const left = uses.get(b)! - 1;
      uses.set(b, left);
      if (left === 0) alive -= bytes(b);
    }
  }
  return most;
}

/** List scheduling: of the items that may run, the one after which least is alive; ties as given. */
function greedyOrder(steps: readonly PlanItem[], bytes: (b: Buffer) => number): PlanItem[] {
  const before = dependencies(steps);
  const users: number[][] = steps.map(() => []);
  before.forEach((list, i) => list.forEach((j) => users[j]!.push(i)));
  const waiting = before.map((list) => list.size);
  const buffers = steps.map(arenaBuffers);
  const uses = new Map<Buffer, number>();
  for (const set of buffers) for (const b of set) uses.set(b, (uses.get(b) ?? 0) + 1);
  const started = new Set<Buffer>();
  const touching = new Map<Buffer, number[]>();
  buffers.forEach((set, i) => set.forEach((b) => note(touching, b, i)));
  /** bytes alive after the step, less those before it */
  const growth = (i: number): number => {
    let sum = 0;
    for (const b of buffers[i]!) {
      if (!started.has(b)) sum += bytes(b);
      if (uses.get(b) === 1) sum -= bytes(b);
    }
    return sum;
  };
  const grows = Float64Array.from(steps.keys(), growth);
  const ready = new Set([...steps.keys()].filter((i) => waiting[i] === 0));
  const order: PlanItem[] = [];
  while (ready.size > 0) {
    let [best, least] = [-1, Infinity];
    for (const i of ready) {
      const g = grows[i]!;
      if (g < least || (g === least && i < best)) [best, least] = [i, g];
    }
    ready.delete(best);
    order.push(steps[best]!);
    for (const b of buffers[best]!) {
      const first = !started.has(b);
      started.add(b);
      const left = uses.get(b)! - 1;
      uses.set(b, left);
      if (first || left === 1) for (const i of touching.get(b)!) grows[i] = growth(i);
    }
    for (const u of users[best]!) if (--waiting[u]! === 0) ready.add(u);
  }
  return order;
}

/** The same elements at the same places of their buffers, each filling its buffer. */
const interchangeable = (a: Operand, b: Operand): boolean =>
  a.offset === 0 &&
  b.offset === 0 &&
  a.buffer.bytes === b.buffer.bytes &&
  a.dtype === b.dtype &&
  a.shape.length === b.shape.length &&
  a.shape.every((d, i) => d === b.shape[i]) &&
  isDenseOperand(a) &&
  isDenseOperand(b);

/** Items in an order with a low peak (at typical sizes), the bodies of blocks as well. */
function ordered(given: readonly PlanItem[], bytes: (b: Buffer) => number): PlanItem[] {
  const greedy = greedyOrder(given, bytes);
  const items = peak(greedy, bytes) < peak(given, bytes) ? greedy : given;
  return items.map((item): PlanItem => {
    if (!isBlock(item)) return item;
    const [a, b] = item.bodies;
    return { ...item, bodies: [ordered(a, bytes), ordered(b, bytes)] };
  });
}

/** Number of slots of items, from blocks' bodies' numbers: the moments in which lifespans are counted. */
export const slotsOf = {
  step: 1,
  /** the condition is read before the branches */
  if: (then: number, otherwise: number): number => 1 + then + otherwise,
  /** one before the trips, one after each, one after what follows the last */
  loop: (trip: number, end: number): number => 3 + trip + end,
};

/** The slots in which each arena buffer is used. */
class Lives {
  readonly span = new Map<Buffer, [number, number]>();
  readonly slotOf = new Map<PlanStep, number>();
  readonly #count: ReadonlyMap<Buffer, number>;
  #now = 0;

  constructor(items: readonly PlanItem[]) {
    this.#count = touches(items);
    this.#items(items);
  }

  #use(b: Buffer, slot = this.#now): void {
    if (b.window) return this.#use(b.window.base.buffer, slot);
    if (b.kind !== 'arena') return;
    const span = this.span.get(b);
    if (!span) this.span.set(b, [slot, slot]);
    else {
      span[0] = Math.min(span[0], slot);
      span[1] = Math.max(span[1], slot);
    }
  }

  #items(items: readonly PlanItem[]): void {
    for (const item of items) {
      if (isBlock(item)) {
        this.#block(item);
        continue;
      }
      this.slotOf.set(item, this.#now);
      for (const o of [...item.spec.inputs, ...item.spec.outputs]) if (o) this.#use(o.buffer);
      this.#now++;
    }
  }

  #block(item: PlanBlock): void {
    const enter = this.#now++;
    if (item.kind === 'if') {
      this.#use(item.condition.buffer, enter);
      for (const body of item.bodies) this.#items(body);
      return;
    }
    this.#items(item.bodies[0]);
    if (item.next) this.#use(item.next.buffer);
    this.#now++;
    this.#items(item.bodies[1]);
    const exit = this.#now++;
    for (const o of [item.limit, item.first]) if (o) this.#use(o.buffer, enter);
    // what a trip finds there, or leaves there, must outlive all others
    const inside = touches(item.bodies[0]);
    const across = [...inside].filter(([b, n]) => b.window || n < this.#count.get(b)!);
    const kept = [...across.map(([b]) => b), ...(item.counter ? [item.counter.buffer] : [])];
    for (const b of [...kept, ...item.windows])
      if (b !== item.next?.buffer) for (const slot of [enter, exit]) this.#use(b, slot);
  }
}

/** How often each buffer is named. */
function touches(items: readonly PlanItem[], into = new Map<Buffer, number>()): typeof into {
  const touch = (o: Operand | null): void => {
    if (o) into.set(o.buffer, (into.get(o.buffer) ?? 0) + 1);
  };
  for (const item of items) {
    if (!isBlock(item)) {
      item.spec.inputs.forEach(touch);
      item.spec.outputs.forEach(touch);
      continue;
    }
    const { reads, writes } = cellsOf(item);
    [...reads, ...writes].forEach(touch);
    for (const body of item.bodies) touches(body, into);
  }
  return into;
}

/** Orders live items for a low peak (at typical sizes) and lets outputs take over dying inputs. */
export function schedule(all: readonly PlanItem[]): Schedule {
  const known = new Map<Buffer, number>();
  const bytes = (b: Buffer): number => {
    let n = known.get(b);
    if (n === undefined) known.set(b, (n = typical(b.bytes)));
    return n;
  };
  const items = ordered(liveItems(all), bytes);
  const { span, slotOf } = new Lives(items);
  const alias = new Map<Buffer, Buffer>();
  const root = (b: Buffer): Buffer => {
    const next = alias.get(b);
    return next ? root(next) : b;
  };
  const overwritten = (s: PlanStep): number => {
    const out = s.spec.outputs[0];
    const i = slotOf.get(s)!;
    if (!out || out.buffer.kind !== 'arena' || !s.spec.inplace || s.spec.outputs.length > 1)
      return 0;
    if (span.get(out.buffer)?.[0] !== i) return 0;
    for (const k of s.spec.inplace) {
      const x = s.spec.inputs[k];
      if (!x || x.buffer.kind !== 'arena' || !interchangeable(x, out)) continue;
      const target = root(x.buffer);
      if (span.get(target)![1] !== i || target === root(out.buffer)) continue;
      // every operand in that memory must be one that may be overwritten
      let mask = 0;
      const safe = s.spec.inputs.every((o, j) => {
        if (!o || root(o.buffer) !== target) return true;
        mask |= 1 << j;
        return s.spec.inplace!.includes(j) && interchangeable(o, out);
      });
      if (!safe) continue;
      span.get(target)![1] = span.get(out.buffer)![1];
      span.delete(out.buffer);
      alias.set(out.buffer, target);
      return mask;
    }
    return 0;
  };
  const inplace = new Map(stepsOf(items).map((s) => [s, overwritten(s)]));
  const buffers = [...span.keys()];
  const lifespans = Int32Array.from(buffers.flatMap((b) => span.get(b)!));
  return { items, inplace, buffers, lifespans, root };
}
