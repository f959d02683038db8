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

/** Matrix products under an ISA: a row's types are f32, bf16 or i8, sums of 8-bit products exact. */
export interface ProductCeilings {
  /** the ISA whose vectors all other kernels use */
  readonly width: string;
  /** micro-kernels in use: 'f32_14x32' multiplies tiles of 14 rows and 32 columns */
  readonly rows: readonly string[];
  /** thousand million operations per second on one thread */
  readonly f32: number;
  readonly bf16: number;
  readonly i8: number;
}

export interface HardwareProfile {
  readonly schema: 2;
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
  /** of each usable ISA, those that only add products included, the best first */
  readonly products: Readonly<Record<string, ProductCeilings>>;
  /** measured over modelled time of kernel families (lib/cost); 1 where a family is missing */
  readonly scale: Readonly<Record<string, number>>;
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
  /** where the numbers come from, of profiles that were not measured by haio */
  readonly sources?: readonly string[];
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

const isCeilings = (x: unknown): boolean =>
  isObject(x) &&
  typeof x['width'] === 'string' &&
  Array.isArray(x['rows']) &&
  x['rows'].every((r) => typeof r === 'string') &&
  [x['f32'], x['bf16'], x['i8']].every(isNumber);

/** Whether a value read from JSON is a profile of this schema. */
export function isProfile(x: unknown): x is HardwareProfile {
  if (!isObject(x) || x['schema'] !== 2 || typeof x['hash'] !== 'string') return false;
  const { cpu, cores, isas, products, scale, overhead } = x;
  return (
    isObject(cpu) &&
    Array.isArray(cpu['features']) &&
    isObject(cores) &&
    isNumber(cores['usable']) &&
    isObject(isas) &&
    Object.values(isas).length > 0 &&
    Object.values(isas).every((i) => isObject(i) && isNumber(i['fma']) && isNumber(i['gemm'])) &&
    isObject(products) &&
    Object.values(products).every(isCeilings) &&
    isObject(scale) &&
    Object.values(scale).every(isNumber) &&
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
