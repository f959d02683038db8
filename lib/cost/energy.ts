/**
 * A rough estimate of a step's energy: so much for each operation and each byte. Figures after Horowitz,
 * "Computing's Energy Problem" (ISSCC 2014), table of operations at 45 nm, with the instruction that carries
 * them shared among the lanes of a vector. Good for comparing layers, not for a power meter.
 */
import type { HardwareProfile } from '../hardware/profile.js';
import type { StepWork } from './work.js';

/** joules of a float32 operation in a vector; an 8-bit one takes a quarter, a 16-bit one half */
const OPERATION = 5e-12;
/** joules of a byte from a cache, and from memory */
const CACHED = 1e-11;
const FAR = 1.6e-10;

/** Joules of one run of the step. Weights come from memory where all of them are more than the caches hold. */
export function energyOf(work: StepWork, modelWeights: number, hardware: HardwareProfile): number {
  const narrow = work.kernel.endsWith('.i8') ? 4 : work.kernel.endsWith('.bf16') ? 2 : 1;
  const last = Math.max(0, ...hardware.caches.map((c) => c.bytes));
  const weights = work.inputs.reduce((sum, o) => sum + (o?.weight ? o.bytes : 0), 0);
  const read = Math.min(weights, work.bytes);
  const rate = modelWeights > last ? FAR : CACHED;
  return (work.flops * OPERATION) / narrow + read * rate + (work.bytes - read) * CACHED;
}
