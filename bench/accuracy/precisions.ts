/** One float model in the precisions that are compared. */
import { type QuantizeReport, type Sample, type Session, load, quantize } from '../../lib/index.js';

export const PRECISIONS = ['fp32', 'bf16', 'int8'] as const;
export type PrecisionName = (typeof PRECISIONS)[number];

export interface Compared {
  readonly sessions: Readonly<Record<PrecisionName, Session>>;
  readonly report: QuantizeReport;
  /** seconds that quantize() took */
  readonly seconds: number;
}

/** The model as it is, in bfloat16, and in 8 bits where these keep a cosine of 0.99 on held-back samples. */
export async function inAllPrecisions(
  path: string,
  calibration: readonly Sample[],
): Promise<Compared> {
  const started = performance.now();
  const { model, report } = await quantize(path, { calibration, accuracy: { cosine: 0.99 } });
  const seconds = (performance.now() - started) / 1000;
  const sessions = {
    fp32: await load(path),
    bf16: await load(path, { precision: 'bf16' }),
    int8: await load(model),
  };
  return { sessions, report, seconds };
}

/** What quantize() reports, as a line. */
export function quantizeLine({ report, seconds }: Compared): string {
  const integer = report.layers.filter((l) => l.quantized).length;
  const accuracy = report.accuracy ? `, cosine ${report.accuracy.cosine.toFixed(5)}` : '';
  const time = report.time
    ? `, ${report.time.before.toFixed(2)} → ${report.time.after.toFixed(2)} ms`
    : '';
  return `quantize: ${seconds.toFixed(0)} s, ${integer} of ${report.layers.length} layers${accuracy}${time}`;
}
