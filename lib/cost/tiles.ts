/** How well a matrix fills the tiles of micro-kernels: the choice and the cycles of native/gemm/rows.h. */
import type { TileShape } from './machine.js';

const PANEL = 16;
const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);

/** Sixths of a cycle per k: two FMAs a cycle, the latency of a tile, and loads of A and B. */
function cyclesOf({ rows, panels }: TileShape, m: number, wide: number, lanes: number): number {
  const vectors = (panels * PANEL) / lanes;
  const tiles = ceilDiv(m, rows);
  const groups = ceilDiv(wide, panels);
  const work = 3 * ceilDiv(m, tiles) * vectors;
  return tiles * groups * (Math.max(work, 24) + 4 * vectors) + groups * m;
}

export interface Tiling {
  /** time over that of a matrix that fills its tiles: at least 1 */
  readonly waste: number;
  /** calls of the micro-kernel for one block of k */
  readonly calls: number;
}

/** Tiles of m rows and n columns, with the micro-kernel that takes the fewest cycles. */
export function tilingOf(tiles: readonly TileShape[], m: number, n: number, lanes: number): Tiling {
  const wide = Math.max(1, ceilDiv(n, PANEL));
  const rows = Math.max(1, m);
  const full = (3 * rows * Math.max(1, n)) / lanes;
  const costs = tiles
    .filter((t) => t.panels <= wide || t.panels === 1)
    .map((t) => ({
      waste: cyclesOf(t, rows, wide, lanes) / full,
      calls: ceilDiv(rows, t.rows) * ceilDiv(wide, t.panels),
    }));
  return costs.reduce((a, b) => (b.waste < a.waste ? b : a), costs[0] ?? { waste: 1, calls: 1 });
}
