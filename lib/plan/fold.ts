/** Steps that work on weights only: they run while compiling, and their results become weights. */
import type { Buffer, Operand, StepSpec } from '../ir/step.js';
import { type Dim, isSym } from '../tensor/dim.js';
import { type DType, bytesOf } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/tensor.js';
import type { PlanStep } from './lower.js';
import { moveOperands } from './region.js';

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

/** Separates the steps that only weights flow into from those that run, which get weights for them. */
export function splitConstants(steps: readonly PlanStep[]): {
  groups: ConstantGroup[];
  rest: PlanStep[];
} {
  const writers = new Map<Buffer, PlanStep[]>();
  for (const s of steps)
    for (const o of s.spec.outputs) writers.set(o.buffer, [...(writers.get(o.buffer) ?? []), s]);
  const constant = new Set(
    steps.filter(
      ({ spec }) =>
        spec.inputs.some((o) => o) &&
        spec.outputs.every((o) => o.buffer.kind === 'arena' && !isSym(o.buffer.bytes)) &&
        !dimsOf(spec).some(isSym) &&
        worthKeeping(spec),
    ),
  );
  const isConstant = (b: Buffer): boolean =>
    b.kind === 'weight' ||
    (b.kind === 'arena' && (writers.get(b) ?? []).every((w) => constant.has(w)));
  for (let before = -1; before !== constant.size;) {
    before = constant.size;
    for (const s of constant) {
      const buffers = [...s.spec.inputs, ...s.spec.outputs].flatMap((o) => (o ? [o.buffer] : []));
      if (!buffers.every(isConstant)) constant.delete(s);
    }
  }
  const rest = steps.filter((s) => !constant.has(s));
  const read = new Set(rest.flatMap((s) => s.spec.inputs.flatMap((o) => (o ? [o.buffer] : []))));
  const groups = groupByBuffers(
    steps.filter((s) => constant.has(s)),
    read,
  );
  const weights = new Map(groups.flatMap((g) => g.results.map((r) => [r.made, r.weight])));
  return { groups, rest: rest.map((s) => moveOperands(s, (b) => weights.get(b) ?? b)) };
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
