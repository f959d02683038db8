/** What a region is made of: steps, and blocks of steps under a condition or in a loop. */
import type { Node } from '../ir/graph.js';
import type { Buffer, Operand, StepSpec } from '../ir/step.js';
import type { Dim } from '../tensor/dim.js';

export interface PlanStep {
  readonly spec: StepSpec;
  /** the node it belongs to; null for copies to the region's outputs */
  readonly node: Node | null;
  /** floating-point operations */
  readonly flops: Dim;
}

interface Block {
  readonly node: Node;
  /** `if`: then, else; `loop`: a trip, what comes after the last one */
  readonly bodies: readonly [readonly PlanItem[], readonly PlanItem[]];
}
export interface IfBlock extends Block {
  readonly kind: 'if';
  readonly condition: Operand;
}
/** See LOOP in lib/plan/format.ts. */
export interface LoopBlock extends Block {
  readonly kind: 'loop';
  readonly trips: Dim;
  readonly limit: Operand | null;
  readonly first: Operand | null;
  readonly next: Operand | null;
  readonly counter: Operand | null;
  /** usable in the bodies only */
  readonly windows: readonly Buffer[];
}
export type PlanBlock = IfBlock | LoopBlock;
export type PlanItem = PlanStep | PlanBlock;

export const isBlock = (item: PlanItem): item is PlanBlock => 'bodies' in item;

/** All steps, in order. */
export const stepsOf = (items: readonly PlanItem[]): PlanStep[] =>
  items.flatMap((item) => (isBlock(item) ? item.bodies.flatMap(stepsOf) : [item]));

/** Small operands that the block itself reads and writes. */
export const cellsOf = (block: PlanBlock): { reads: Operand[]; writes: Operand[] } => {
  if (block.kind === 'if') return { reads: [block.condition], writes: [] };
  const present = (list: (Operand | null)[]): Operand[] => list.filter((o) => o !== null);
  return {
    reads: present([block.limit, block.first, block.next]),
    writes: present([block.counter]),
  };
};

export interface Uses {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

const known = new WeakMap<PlanItem, Uses>();

/** Buffers that an item reads and writes; for a loop's windows the memory that they lie in. */
export function usesOf(item: PlanItem): Uses {
  let uses = known.get(item);
  if (!uses) known.set(item, (uses = isBlock(item) ? usesOfBlock(item) : usesOfStep(item)));
  return uses;
}

const usesOfStep = ({ spec }: PlanStep): Uses => ({
  reads: new Set(spec.inputs.flatMap((o) => (o ? [o.buffer] : []))),
  writes: new Set(spec.outputs.map((o) => o.buffer)),
});

function usesOfBlock(block: PlanBlock): Uses {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  const own = new Set(block.kind === 'loop' ? block.windows : []);
  const outside = (b: Buffer): Buffer => (own.has(b) ? b.window!.base.buffer : b);
  for (const item of block.bodies.flat()) {
    const uses = usesOf(item);
    for (const b of uses.reads) reads.add(outside(b));
    for (const b of uses.writes) writes.add(outside(b));
  }
  const cells = cellsOf(block);
  for (const o of cells.reads) reads.add(o.buffer);
  for (const o of cells.writes) writes.add(o.buffer);
  return { reads, writes };
}

/** The items with their operands in other buffers, and without the steps for which `keep` is false. */
export function moveItems(
  items: readonly PlanItem[],
  to: (b: Buffer) => Buffer,
  keep: (s: PlanStep) => boolean = () => true,
): PlanItem[] {
  const windows = new Map<Buffer, Buffer>();
  const moved = (b: Buffer): Buffer => windows.get(b) ?? to(b);
  const operand = (o: Operand): Operand => ({ ...o, buffer: moved(o.buffer) });
  const maybe = (o: Operand | null): Operand | null => o && operand(o);
  const window = (b: Buffer): Buffer => {
    const { base, ...rest } = b.window!;
    const made = { ...b, window: { ...rest, base: { ...base, buffer: moved(base.buffer) } } };
    windows.set(b, made);
    return made;
  };
  const list = (some: readonly PlanItem[]): PlanItem[] => some.flatMap((i) => one(i) ?? []);
  const one = (item: PlanItem): PlanItem | null => {
    if (!isBlock(item)) {
      const { inputs, outputs } = item.spec;
      const spec = { ...item.spec, inputs: inputs.map(maybe), outputs: outputs.map(operand) };
      return keep(item) ? { ...item, spec } : null;
    }
    if (item.kind === 'if') {
      const bodies = [list(item.bodies[0]), list(item.bodies[1])] as const;
      return { ...item, condition: operand(item.condition), bodies };
    }
    const cells = {
      limit: maybe(item.limit),
      first: maybe(item.first),
      next: maybe(item.next),
      counter: maybe(item.counter),
    };
    return {
      ...item,
      ...cells,
      windows: item.windows.map(window),
      bodies: [list(item.bodies[0]), list(item.bodies[1])],
    };
  };
  return list(items);
}
