/** What is known of a machine: read from it, measured on it, or described by hand for another one. */
import { createHash } from 'node:crypto';

/** GB/s that one thread reads, and that all usable cores read together, from where data of a size lies. */
export interface Bandwidth {
  /** of a set of data of this many bytes for each thread */
  readonly bytes: number;
  readonly one: number;
  readonly all: number;
}

/** Ceilings of one ISA on one thread, in GFLOP/s (multiplications and additions counted each). */
export interface IsaCeilings {
  /** fused multiply-adds in registers */
  readonly fma: number;
  /** the f32 matrix product: 128 rows, weights in L2 */
  readonly gemm: number;
}

export interface HardwareProfile {
  readonly schema: 1;
  readonly name: string;
  readonly cpu: {
    readonly arch: string;
    readonly vendor: string;
    readonly model: string;
    readonly features: readonly string[];
  };
  readonly cores: { readonly online: number; readonly usable: number };
  readonly caches: readonly {
    readonly level: number;
    readonly bytes: number;
    /** cores that share one */
    readonly sharedBy: number;
  }[];
  /** of each usable ISA, the best first */
  readonly isas: Readonly<Record<string, IsaCeilings>>;
  /** by growing size */
  readonly bandwidth: readonly Bandwidth[];
  readonly overhead: {
    /** nanoseconds of a step that does nothing, on one thread */
    readonly step: number;
    /** nanoseconds more when all usable cores share it */
    readonly fork: number;
  };
  /** of the machine, not of what was measured: equal on equal machines */
  readonly hash: string;
}

/** Identifies a kind of machine: what it is, not how fast it was when measured. */
export const hashOf = ({
  cpu,
  cores,
  caches,
}: Pick<HardwareProfile, 'cpu' | 'cores' | 'caches'>): string =>
  createHash('sha256')
    .update(JSON.stringify([cpu, cores.usable, caches]))
    .digest('hex')
    .slice(0, 16);

/** GB/s of one thread for a set of data of so many bytes: of the smallest measured set that holds it. */
export function bandwidthFor({ bandwidth }: HardwareProfile, bytes: number): Bandwidth {
  return bandwidth.find((b) => b.bytes >= bytes) ?? bandwidth.at(-1)!;
}

const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x) && x >= 0;
const isObject = (x: unknown): x is Record<string, unknown> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
const listOf = (x: unknown, fits: (item: Record<string, unknown>) => boolean): boolean =>
  Array.isArray(x) && x.every((item) => isObject(item) && fits(item));

/** Whether a value read from JSON is a profile of this schema. */
export function isProfile(x: unknown): x is HardwareProfile {
  if (!isObject(x) || x['schema'] !== 1 || typeof x['hash'] !== 'string') return false;
  const { cpu, cores, isas, overhead } = x;
  return (
    isObject(cpu) &&
    Array.isArray(cpu['features']) &&
    isObject(cores) &&
    isNumber(cores['usable']) &&
    isObject(isas) &&
    Object.values(isas).length > 0 &&
    Object.values(isas).every((i) => isObject(i) && isNumber(i['fma']) && isNumber(i['gemm'])) &&
    listOf(x['caches'], (c) => isNumber(c['level']) && isNumber(c['bytes'])) &&
    listOf(
      x['bandwidth'],
      (b) => isNumber(b['bytes']) && isNumber(b['one']) && isNumber(b['all']),
    ) &&
    (x['bandwidth'] as unknown[]).length > 0 &&
    isObject(overhead) &&
    isNumber(overhead['step']) &&
    isNumber(overhead['fork'])
  );
}
