/** Steps of one region → ordered, with memory, as words. */
import type { Buffer } from '../ir/step.js';
import { type Dim, type DimTable, typical } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { type ArenaPlan, alignUp, planArena } from './arena.js';
import { type PlanItem, type PlanStep, stepsOf } from './items.js';
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
  readonly items: readonly PlanItem[];
  readonly inputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  origin(step: PlanStep): number;
  /** where a buffer outside the arena is */
  locate(b: Buffer): Location;
}

export interface PlannedRegion extends Words {
  /** in the order of the words, those in blocks included */
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
  const plan = schedule(source.items);
  const index = new Map(plan.buffers.map((b, i) => [b, i]));
  const words = writeWords(
    {
      ...source,
      items: plan.items,
      inplace: (s) => plan.inplace.get(s)!,
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
  return { ...words, steps: stepsOf(plan.items), lifespans: plan.lifespans, arena };
}
