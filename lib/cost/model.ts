/** Rough time of a step: roofline with the ceilings of a common core, plus a fixed share per step. */

export interface Ceilings {
  /** floating-point operations per microsecond on one thread */
  readonly flops: number;
  /** bytes per microsecond on one thread */
  readonly bytes: number;
  /** microseconds that each step costs whatever it does */
  readonly step: number;
}

/** A core with 256-bit vectors and its share of memory bandwidth, both at half of their peak. */
export const COMMON: Ceilings = { flops: 40_000, bytes: 8_000, step: 0.15 };

/** Microseconds on one thread of `steps` steps with so many operations and bytes moved. */
export const estimateMicros = (flops: number, bytes: number, steps: number, c = COMMON): number =>
  Math.max(flops / c.flops, bytes / c.bytes) + steps * c.step;
