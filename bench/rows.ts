/** What a benchmark has measured, and what sums it up. */
import { existsSync, readFileSync } from 'node:fs';

/** Times in milliseconds; ratios: onnxruntime-node's time over haio's. */
export interface Row {
  readonly model: string;
  readonly threads: number;
  readonly haio: number;
  readonly onnxruntime: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly firstHaio: number;
  readonly firstOnnxruntime: number;
  /** haio's time, in an earlier run on a machine as fast as this one: scaled by onnxruntime-node's time then and now */
  readonly baseline?: number;
}

export const geomean = (
  rows: readonly Row[],
): {
  readonly threads: number;
  readonly count: number;
  readonly mean: number;
  readonly low: number;
}[] =>
  [...new Set(rows.map((r) => r.threads))].map((threads) => {
    const ratios = rows.filter((r) => r.threads === threads).map((r) => r.ratio);
    const mean = Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length);
    return { threads, count: ratios.length, mean, low: Math.min(...ratios) };
  });

/** The rows of an earlier run's JSON file. @throws Error where the file holds no rows */
export function readRows(path: string): Row[] {
  if (!existsSync(path)) throw new Error(`--baseline: there is no file ${path}`);
  const rows = JSON.parse(readFileSync(path, 'utf8')) as Row[];
  if (!Array.isArray(rows) || rows.some((r) => !(r.haio > 0 && r.onnxruntime > 0)))
    throw new Error(`--baseline: ${path} holds no rows of --json`);
  return rows;
}

/** The row with haio's time of an earlier run beside it. */
export function against(row: Row, earlier: readonly Row[]): Row {
  const before = earlier.find((r) => r.model === row.model && r.threads === row.threads);
  if (!before) return row;
  return { ...row, baseline: (before.haio * row.onnxruntime) / before.onnxruntime };
}
