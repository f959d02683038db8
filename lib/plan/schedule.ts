/** Order of the steps, lifetimes of their buffers, and which output overwrites which input. */
import type { Buffer, Operand } from '../ir/step.js';
import { typical } from '../tensor/dim.js';
import type { PlanStep } from './lower.js';
import { isDenseOperand } from './place.js';

export interface Schedule {
  readonly steps: readonly PlanStep[];
  /** for each step the bit mask of inputs that lie where output 0 does */
  readonly inplace: readonly number[];
  /** arena buffers that need a place, and their (first step, last step) */
  readonly buffers: readonly Buffer[];
  readonly lifespans: Int32Array;
  /** the buffer that stands for `b` after outputs took over the places of inputs */
  root(b: Buffer): Buffer;
}

const inputBuffers = (s: PlanStep): Set<Buffer> =>
  new Set(s.spec.inputs.flatMap((o) => (o ? [o.buffer] : [])));
const outputBuffers = (s: PlanStep): Set<Buffer> => new Set(s.spec.outputs.map((o) => o.buffer));

/** Without steps whose results nobody reads. */
export function liveSteps(steps: readonly PlanStep[]): PlanStep[] {
  const read = new Set<Buffer>();
  const live: PlanStep[] = [];
  for (const s of [...steps].reverse()) {
    const outputs = outputBuffers(s);
    if (![...outputs].some((b) => b.kind === 'output' || read.has(b))) continue;
    for (const b of inputBuffers(s)) read.add(b);
    live.push(s);
  }
  return live.reverse();
}

function note(map: Map<Buffer, number[]>, b: Buffer, i: number): void {
  const list = map.get(b);
  if (list) list.push(i);
  else map.set(b, [i]);
}

/** For each step the earlier steps it must follow: same buffer, at least one of the two writes. */
function dependencies(steps: readonly PlanStep[]): Set<number>[] {
  const writers = new Map<Buffer, number[]>();
  const readers = new Map<Buffer, number[]>();
  return steps.map((s, i) => {
    const before = new Set<number>();
    for (const b of inputBuffers(s)) for (const w of writers.get(b) ?? []) before.add(w);
    for (const b of outputBuffers(s))
      for (const j of [...(writers.get(b) ?? []), ...(readers.get(b) ?? [])]) before.add(j);
    for (const b of inputBuffers(s)) note(readers, b, i);
    for (const b of outputBuffers(s)) note(writers, b, i);
    return before;
  });
}

const arenaBuffers = (s: PlanStep): Set<Buffer> =>
  new Set([...inputBuffers(s), ...outputBuffers(s)].filter((b) => b.kind === 'arena'));

/** Most bytes alive in this order. */
function peak(steps: readonly PlanStep[], bytes: (b: Buffer) => number): number {
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

/** List scheduling: of the steps that may run, the one after which least is alive; ties as given. */
function greedyOrder(steps: readonly PlanStep[], bytes: (b: Buffer) => number): PlanStep[] {
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
  const order: PlanStep[] = [];
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

/** Orders live steps for a low peak (at typical sizes) and lets outputs take over dying inputs. */
export function schedule(all: readonly PlanStep[]): Schedule {
  const given = liveSteps(all);
  const known = new Map<Buffer, number>();
  const bytes = (b: Buffer): number => {
    let n = known.get(b);
    if (n === undefined) known.set(b, (n = typical(b.bytes)));
    return n;
  };
  const greedy = greedyOrder(given, bytes);
  const steps = peak(greedy, bytes) < peak(given, bytes) ? greedy : given;

  const span = new Map<Buffer, [number, number]>();
  steps.forEach((s, i) => {
    for (const b of arenaBuffers(s)) {
      const known = span.get(b);
      if (known) known[1] = i;
      else span.set(b, [i, i]);
    }
  });
  const alias = new Map<Buffer, Buffer>();
  const root = (b: Buffer): Buffer => {
    const next = alias.get(b);
    return next ? root(next) : b;
  };
  const inplace = steps.map((s, i) => {
    const out = s.spec.outputs[0];
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
  });
  const buffers = [...span.keys()];
  const lifespans = Int32Array.from(buffers.flatMap((b) => span.get(b)!));
  return { steps, inplace, buffers, lifespans, root };
}
