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

/** Kernels that look up elements of input 0: they touch no more of it than they write. */
const LOOKUP = /^(gather|embed)/;
/** Kernels that touch little of the tables which follow input 0. */
const TABLES = /^trees/;

/** Bytes that a step moves, from the bytes of its operands' elements. */
export function movedBytes(
  kernel: string,
  inputs: readonly number[],
  outputs: readonly number[],
): number {
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  const written = sum(outputs);
  if (TABLES.test(kernel)) return (inputs[0] ?? 0) + written;
  const read = LOOKUP.test(kernel)
    ? Math.min(inputs[0] ?? 0, written) + sum(inputs.slice(1))
    : sum(inputs);
  return read + written;
}
