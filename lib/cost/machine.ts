/** The part of a hardware profile that the cost model asks, for one ISA. */
import { raise } from '../errors.js';
import type { HardwareProfile } from '../hardware/profile.js';

/** A micro-kernel's tile: rows, panels of 16 columns. */
export interface TileShape {
  readonly rows: number;
  readonly panels: number;
}
/** Types of matrices that gemm rows multiply. */
export type Product = 'f32' | 'bf16' | 'i8';

/** What the model knows of a machine. Times come out in microseconds. */
export interface Machine {
  readonly hardware: HardwareProfile;
  readonly isa: string;
  /** FLOP per microsecond in registers, of one thread */
  readonly fma: number;
  /** operations per microsecond that products reach at best */
  readonly peaks: Readonly<Record<Product, number>>;
  readonly tiles: Readonly<Record<Product, readonly TileShape[]>>;
  /** measured over modelled time of each kernel family; 1 where it was not measured */
  readonly scale: Readonly<Record<string, number>>;
}

const PRODUCTS: readonly Product[] = ['f32', 'bf16', 'i8'];
const ROW = /^(f32|bf16|u8s8|s8s8)_(\d+)x(\d+)$/;

/** 'u8s8_14x32' → i8, 14 rows, 2 panels; null for other names. */
export function parseRow(name: string): { product: Product; tile: TileShape } | null {
  const found = ROW.exec(name);
  if (!found) return null;
  const [, type, rows, columns] = found;
  const product = type === 'f32' || type === 'bf16' ? type : 'i8';
  return { product, tile: { rows: Number(rows), panels: Math.ceil(Number(columns) / 16) } };
}

/**
 * The machine as kernels of `isa` see it.
 * @throws HaioError HAIO_E_ISA where the profile has no such ISA
 */
export function machineOf(hardware: HardwareProfile, isa: string): Machine {
  const own = hardware.products[isa];
  const width = hardware.isas[own?.width ?? isa];
  if (!own || !width)
    return raise('HAIO_E_ISA', { isa, usable: Object.keys(hardware.products).join(', ') });
  const tiles = { f32: [], bf16: [], i8: [] } as Record<Product, TileShape[]>;
  for (const name of own.rows) {
    const row = parseRow(name);
    if (row) tiles[row.product].push(row.tile);
  }
  const peaks = Object.fromEntries(PRODUCTS.map((p) => [p, own[p] * 1e3]));
  return {
    ...{ hardware, isa, tiles, fma: width.fma * 1e3 },
    peaks: peaks as Record<Product, number>,
    scale: hardware.scale,
  };
}

/** float32 lanes of a vector. */
export const lanesOf = ({ hardware, isa }: Machine): number =>
  ({ avx512: 16, avx2: 8 })[hardware.products[isa]?.width ?? isa] ?? 4;

/** Bytes per microsecond that one thread, or all, read from data of so many bytes: between measured sizes by logarithms. */
export function bytesPerMicro({ bandwidth }: HardwareProfile, bytes: number, all = false): number {
  const rate = (b: HardwareProfile['bandwidth'][number]): number => (all ? b.all : b.one) * 1e3;
  const above = bandwidth.findIndex((b) => b.bytes >= bytes);
  if (above === 0) return rate(bandwidth[0]!);
  if (above < 0) return rate(bandwidth.at(-1)!);
  const [lo, hi] = [bandwidth[above - 1]!, bandwidth[above]!];
  const share = Math.log(bytes / lo.bytes) / Math.log(hi.bytes / lo.bytes);
  return rate(lo) ** (1 - share) * rate(hi) ** share;
}
