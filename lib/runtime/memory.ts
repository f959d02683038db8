/** What a session holds and needs, in bytes. */
import { bindRegion, memoryOf } from '../plan/bind.js';
import type { Variant } from './variant.js';

export interface MemoryReport {
  /** packed weights and constants */
  readonly weights: number;
  /** planned peak of the arena: the last run's shapes, largest native region */
  readonly arena: number;
  /** most bytes alive at any step, views and in-place reuse applied: no arena can be smaller */
  readonly lowerBound: number;
  /** sum of all intermediate tensors, each in memory of its own */
  readonly tensors: number;
  /** per run, all workers */
  readonly scratch: number;
  /** bound plans */
  readonly plans: number;
  /** native allocations since the session was made: constant while shapes repeat */
  readonly allocations: number;
}

export function reportMemory(variant: Variant | null): MemoryReport {
  const empty = {
    weights: 0,
    arena: 0,
    lowerBound: 0,
    tensors: 0,
    scratch: 0,
    plans: 0,
    allocations: 0,
  };
  if (!variant) return empty;
  const { scratch, allocations } = variant.native.memory();
  let [arena, bound, tensors] = [0, 0, 0];
  for (const [region, { sizes, arenaBytes }] of variant.last) {
    if (arenaBytes < arena) continue;
    const memory = memoryOf(region, bindRegion(variant.plan, region, sizes).words);
    [arena, bound, tensors] = [arenaBytes, memory.lowerBound, memory.sum];
  }
  return {
    weights: variant.plan.bytes.weights,
    arena,
    lowerBound: bound,
    tensors,
    scratch,
    plans: variant.planBytes,
    allocations,
  };
}
