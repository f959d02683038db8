/**
 * Measures a machine with the kernels themselves, in under two seconds. Each figure is the best of
 * several runs: what the machine can do, not what it did while others used it.
 */
import type { Inspection } from '../native/types.js';
import { type HardwareProfile, type IsaCeilings, type ProductCeilings, hashOf } from './profile.js';

/** Types of a matrix product. */
export type ProductType = 'f32' | 'bf16' | 'i8';

/** What measuring needs of the layers above. Times in microseconds of one run. */
export interface Probe {
  /** fused multiply-adds in registers on one thread */
  fma(isa: string, rounds: number): { readonly micros: number; readonly flops: number };
  /** a matrix product [m, k] · constant [k, n] on one thread; runs it anew at each call */
  gemm(isa: string, type: ProductType, m: number, k: number, n: number): () => number;
  /** reads `bytes` `rounds` times for each of `threads` threads */
  read(isa: string, bytes: number, rounds: number, threads: number): () => number;
  /** a step of one part for each thread, each of some `rounds` */
  step(threads: number, rounds: number): () => number;
}

/** milliseconds for one figure */
const PATIENCE = 15;

/** The best of runs that take PATIENCE together, at least three and at most `most` of them. */
function best(run: () => number, most = 2000): number {
  run();
  let least = Infinity;
  const end = performance.now() + PATIENCE;
  for (let i = 0; i < 3 || (i < most && performance.now() < end); i++)
    least = Math.min(least, run());
  return least;
}

/** bytes read for one figure at least */
const READ = 4 << 20;
/** rounds of a part long enough (microseconds) for other threads to take theirs */
const LONG = 4096;
const GEMM = { m: 128, k: 512, n: 256 } as const;

/** Thousand million operations per second of the product. */
function productOf(isa: string, type: ProductType, probe: Probe): number {
  const { m, k, n } = GEMM;
  return (2 * m * k * n) / best(probe.gemm(isa, type, m, k, n)) / 1e3;
}

function ceilingsOf(isa: string, probe: Probe): IsaCeilings {
  let flops = 0;
  const micros = best(() => {
    const run = probe.fma(isa, 1 << 14);
    flops = run.flops;
    return run.micros;
  });
  return { fma: flops / micros / 1e3, gemm: productOf(isa, 'f32', probe) };
}

/** Types of a row's matrices. */
const typeOf = (row: string): ProductType =>
  row.startsWith('f32') ? 'f32' : row.startsWith('bf16') ? 'bf16' : 'i8';

/**
 * Micro-kernels that an ISA uses: for each type those of itself, else of the ISA it builds on. A type
 * that only the latter has is measured once, for that one.
 */
function productsOf(
  { isas, gemm }: Inspection,
  widths: Readonly<Record<string, IsaCeilings>>,
  probe: Probe,
): Record<string, ProductCeilings> {
  const known: Record<string, ProductCeilings> = {};
  const usable = isas.filter((i) => i.usable).sort((a, b) => a.priority - b.priority);
  for (const { name, base, width } of usable) {
    const below = width ? undefined : known[base];
    const own = gemm.filter((g) => g.isa === name).map((g) => g.name);
    const has = (type: ProductType): boolean => own.some((row) => typeOf(row) === type);
    const inherited = below?.rows.filter((row) => !has(typeOf(row))) ?? [];
    const rate = (type: ProductType): number =>
      below && !has(type)
        ? below[type]
        : type === 'f32'
          ? widths[name]!.gemm
          : productOf(name, type, probe);
    known[name] = {
      width: width ? name : (below?.width ?? base),
      rows: [...own, ...inherited],
      ...{ f32: rate('f32'), bf16: rate('bf16'), i8: rate('i8') },
    };
  }
  return Object.fromEntries(Object.entries(known).reverse());
}

/** Sets of data that fit half of each cache, and one that fits none (but is no larger than 64 MiB). */
function sizesOf(caches: Inspection['caches'], cores: number): number[] {
  const levels = [...caches].sort((a, b) => a.level - b.level);
  const halves = levels.map(({ bytes, sharedBy }) => bytes / 2 / Math.min(sharedBy, cores));
  const beyond = 64 << 20;
  return [...halves, beyond].filter((b, i, list) => b <= beyond && list.indexOf(b) === i);
}

/** The profile of this machine. Takes one to two seconds, and all usable cores for a part of them. */
export function measureHardware(found: Inspection, probe: Probe): HardwareProfile {
  const isas = found.isas
    .filter((i) => i.usable && i.width)
    .sort((a, b) => b.priority - a.priority)
    .map((i) => i.name);
  const { arch, vendor, model, features, cores, caches } = found;
  const about = { cpu: { arch, vendor, model, features }, cores, caches };
  const { usable } = cores;
  const bandwidth = sizesOf(caches, usable).map((bytes) => {
    const rounds = Math.max(1, Math.floor(READ / bytes));
    const rate = (threads: number): number =>
      (bytes * rounds * threads) / best(probe.read(isas[0]!, bytes, rounds, threads)) / 1e3;
    return { bytes, one: rate(1), all: rate(usable) };
  });
  const time = (threads: number, rounds: number): number => best(probe.step(threads, rounds)) * 1e3;
  const ceilings = Object.fromEntries(isas.map((isa) => [isa, ceilingsOf(isa, probe)]));
  return {
    schema: 2,
    name: model || arch,
    ...about,
    isas: ceilings,
    products: productsOf(found, ceilings, probe),
    scale: {},
    bandwidth,
    overhead: {
      step: time(1, 0),
      fork: usable === 1 ? 0 : Math.max(0, time(usable, LONG) - time(1, LONG)),
    },
    hash: hashOf(about),
  };
}
