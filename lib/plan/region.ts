/** Steps of one region → ordered, with memory, as words. */
import type { Buffer, StepSpec } from '../ir/step.js';
import { type Dim, type DimTable, typical } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { type ArenaPlan, alignUp, planArena } from './arena.js';
import type { PlanStep } from './lower.js';
import { schedule } from './schedule.js';
import {
  type KernelList,
  type Location,
  type Words,
  at,
  buffersAt,
  setMemory,
  writeWords,
} from './words.js';

export interface RegionSource {
  readonly steps: readonly PlanStep[];
  readonly inputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  origin(step: PlanStep): number;
  /** where a buffer outside the arena is */
  locate(b: Buffer): Location;
}

export interface PlannedRegion extends Words {
  readonly steps: readonly PlanStep[];
  readonly lifespans: Int32Array;
  readonly arena: ArenaPlan;
}

/**
 * The words of a region. Its memory is filled in only where no size is symbolic; the number of kernels
 * is that of the list now.
 */
export function planRegion(
  source: RegionSource,
  table: DimTable,
  kernels: KernelList,
): PlannedRegion {
  const plan = schedule(source.steps);
  const index = new Map(plan.buffers.map((b, i) => [b, i]));
  const words = writeWords(
    {
      ...source,
      steps: plan.steps.map((s, i) => ({
        spec: s.spec,
        origin: source.origin(s),
        inplace: plan.inplace[i]!,
      })),
      buffers: plan.buffers,
      locate: (b) =>
        b.kind === 'arena'
          ? { kind: 'arena', index: index.get(plan.root(b))!, base: 0 }
          : source.locate(b),
    },
    table,
    kernels,
  );
  words.words[at('kernels')] = kernels.names.length;
  const sizes = Float64Array.from(plan.buffers, (b) => alignUp(typical(b.bytes)));
  const arena = planArena(plan.lifespans, sizes);
  if (words.patches.length === 0) {
    const first = buffersAt(source.inputs.length, source.outputs.length);
    setMemory(words.words, first, arena.offsets, arena.bytes);
  }
  return { ...words, steps: plan.steps, lifespans: plan.lifespans, arena };
}

/** The step with its operands in other buffers. */
export function moveOperands(step: PlanStep, to: (b: Buffer) => Buffer): PlanStep {
  const { spec } = step;
  const moved: StepSpec = {
    ...spec,
    inputs: spec.inputs.map((o) => o && { ...o, buffer: to(o.buffer) }),
    outputs: spec.outputs.map((o) => ({ ...o, buffer: to(o.buffer) })),
  };
  return { ...step, spec: moved };
}
