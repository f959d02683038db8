/** Steps that work on weights only: they run while compiling, and their results become weights. */
import type { Buffer, Operand, StepSpec } from '../ir/step.js';
import { type Dim, isSym } from '../tensor/dim.js';
import { type DType, bytesOf } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/tensor.js';
import { type PlanItem, type PlanStep, cellsOf, isBlock, moveItems, stepsOf } from './items.js';

/**
 * Steps that share buffers. `results` are the buffers that the run reads: as the steps write them,
 * and as the weights that stand for them in the run.
 */
export interface ConstantGroup {
  readonly steps: readonly PlanStep[];
  readonly results: readonly ConstantResult[];
}
export interface ConstantResult {
  readonly made: Buffer;
  readonly weight: Buffer;
  readonly dtype: DType;
}

const dimsOf = ({ params, items, grain, scratch, inputs, outputs }: StepSpec): Dim[] => [
  ...Object.values(params),
  items,
  grain ?? 0,
  scratch ?? 0,
  ...[...inputs, ...outputs].flatMap((o) => (o ? [...o.shape, ...o.strides, o.offset] : [])),
];
const bytesOfOperands = (list: readonly (Operand | null)[]): number =>
  list.reduce((sum, o) => sum + (o ? sizeOf(o.shape as number[]) * bytesOf(o.dtype) : 0), 0);

/** Results that are much larger than what they are made of (an Expand) are made in each run; transformed
 * and padded weights are up to six times as large. */
const worthKeeping = (s: StepSpec): boolean =>
  bytesOfOperands(s.outputs) <= Math.max(1 << 16, 8 * bytesOfOperands(s.inputs));

/** The memory that a window lies in. */
const memoryOf = (b: Buffer): Buffer => (b.window ? memoryOf(b.window.base.buffer) : b);

/** Calls `step` for each step with the list that it stands in, `read` for what blocks read themselves. */
function visit(
  items: readonly PlanItem[],
  step: (s: PlanStep, list: readonly PlanItem[]) => void,
  read: (b: Buffer) => void,
): void {
  for (const item of items) {
    if (!isBlock(item)) {
      step(item, items);
      continue;
    }
    for (const o of cellsOf(item).reads) read(o.buffer);
    if (item.kind === 'loop') for (const w of item.windows) read(w.window!.base.buffer);
    for (const body of item.bodies) visit(body, step, read);
  }
}

/**
 * Separates the steps that only weights flow into from those that run, which get weights for them. What
 * both branches of a block write, each in its turn, is no constant, nor what a loop writes.
 */
export function splitConstants(items: readonly PlanItem[]): {
  groups: ConstantGroup[];
  rest: PlanItem[];
} {
  const steps = stepsOf(items);
  const writers = new Map<Buffer, PlanStep[]>();
  const listOf = new Map<Buffer, readonly PlanItem[]>();
  const shared = new Set<Buffer>();
  const read = new Set<Buffer>();
  visit(
    items,
    (s, list) => {
      for (const { buffer } of s.spec.outputs) {
        if (buffer.window) shared.add(memoryOf(buffer));
        writers.set(buffer, [...(writers.get(buffer) ?? []), s]);
        if ((listOf.get(buffer) ?? list) !== list) shared.add(buffer);
        listOf.set(buffer, list);
      }
    },
    (b) => read.add(b),
  );
  const constant = new Set(
    steps.filter(
      ({ spec }) =>
        spec.inputs.some((o) => o) &&
        spec.outputs.every(
          ({ buffer: b }) => b.kind === 'arena' && !isSym(b.bytes) && !shared.has(b),
        ) &&
        !dimsOf(spec).some(isSym) &&
        worthKeeping(spec),
    ),
  );
  const isConstant = (b: Buffer): boolean =>
    b.kind === 'weight' ||
    (b.kind === 'arena' && writers.has(b) && writers.get(b)!.every((w) => constant.has(w)));
  for (let before = -1; before !== constant.size;) {
    before = constant.size;
    for (const s of constant) {
      const buffers = [...s.spec.inputs, ...s.spec.outputs].flatMap((o) => (o ? [o.buffer] : []));
      if (!buffers.every(isConstant)) constant.delete(s);
    }
  }
  for (const s of steps)
    if (!constant.has(s)) for (const o of s.spec.inputs) if (o) read.add(o.buffer);
  const groups = groupByBuffers(
    steps.filter((s) => constant.has(s)),
    read,
  );
  const weights = new Map(groups.flatMap((g) => g.results.map((r) => [r.made, r.weight])));
  const rest = moveItems(
    items,
    (b) => weights.get(b) ?? b,
    (s) => !constant.has(s),
  );
  return { groups, rest };
}

function groupByBuffers(steps: readonly PlanStep[], read: ReadonlySet<Buffer>): ConstantGroup[] {
  const groupOf = new Map<Buffer, Set<PlanStep>>();
  const groups = new Set<Set<PlanStep>>();
  for (const s of steps) {
    let group = new Set([s]);
    const buffers = [...s.spec.inputs, ...s.spec.outputs]
      .flatMap((o) => (o ? [o.buffer] : []))
      .filter((b) => b.kind === 'arena');
    for (const b of buffers) {
      const other = groupOf.get(b);
      if (!other || other === group) continue;
      group = new Set([...other, ...group]);
      groups.delete(other);
    }
    groups.add(group);
    for (const member of group)
      for (const o of [...member.spec.inputs, ...member.spec.outputs])
        if (o?.buffer.kind === 'arena') groupOf.set(o.buffer, group);
  }
  const result: ConstantGroup[] = [];
  for (const group of groups) {
    const types = new Map(
      [...group].flatMap((s) => s.spec.outputs.map((o) => [o.buffer, o.dtype] as const)),
    );
    const results = [...types]
      .filter(([made]) => read.has(made))
      .map(([made, dtype]): ConstantResult => {
        return { made, dtype, weight: { kind: 'weight', bytes: made.bytes } };
      });
    if (results.length > 0) result.push({ steps: steps.filter((s) => group.has(s)), results });
  }
  return result;
}
