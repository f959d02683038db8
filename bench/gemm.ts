/**
 * Products [m, k] · constant [k, n] in float32 on one thread, as shares of the peak that this machine's
 * multiply-adds reached. Weights up to 1.5 MB stay in a core's L2 between runs, larger ones come from
 * beyond it.
 *
 *   node dist/bench/gemm.js [isa]
 */
import { figureOf, header, line } from './shapes.js';

/** m, k, n, and the GFLOP/s that oneDNN 3.14 reached on a Xeon with AVX-512 whose peak is 215; 0: not measured */
const SHAPES: readonly (readonly [number, number, number, number])[] = [
  [1, 384, 384, 42],
  [1, 768, 3072, 14],
  [8, 384, 384, 0],
  [8, 768, 384, 0],
  [8, 768, 768, 112],
  [8, 3072, 3072, 83],
  [16, 768, 768, 130],
  [16, 768, 3072, 119],
  [128, 384, 384, 180],
  [128, 384, 1536, 127],
  [128, 1536, 384, 159],
  [128, 768, 768, 172],
  [128, 768, 3072, 170],
  [128, 3072, 768, 170],
  [512, 384, 384, 184],
  [512, 768, 768, 178],
  [512, 1024, 1024, 178],
];
const ONEDNN_PEAK = 215;
const L2_BYTES = 1.5e6;

/** The share of the peak that is aimed at. */
function goalOf(m: number, bytes: number): number {
  if (m >= 128) return bytes <= L2_BYTES ? 0.85 : 0.75;
  return m === 8 && bytes <= L2_BYTES ? 0.8 : 0;
}

await header('m × k × n');
for (const [m, k, n, other] of SHAPES) {
  const figure = await figureOf([m, k], 2 * m * k * n, (w, x) =>
    w.op('MatMul', [x, w.weight('w', w.normal([k, n], 0.05))]),
  );
  line(`${m} × ${k} × ${n}`, figure, goalOf(m, 4 * k * n), other / ONEDNN_PEAK);
}
process.exit();
