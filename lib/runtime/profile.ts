/** Where the time of a run goes: each step against what the machine could do. */
import { type Bandwidth, type HardwareProfile, bandwidthFor } from '../hardware/profile.js';
import { machineOf } from '../cost/machine.js';
import { type Prediction, predictRun, predictStep } from '../cost/predict.js';
import { bindRegion, evaluateRows } from '../plan/bind.js';
import { type RegionReport, type StepReport, reportRegion } from '../plan/explain.js';
import { type PlacedWork, regionWork, weightsRead } from '../plan/work.js';
import type { Chunk, NativeRecord, Recorder } from './recorder.js';
import { median } from './statistics.js';
import type { Variant } from './variant.js';

/** A step or host node of a run. Times are medians over the profiled runs. */
export interface StepProfile extends Pick<
  StepReport,
  'kernel' | 'node' | 'inputs' | 'outputs' | 'inPlace' | 'items' | 'flops' | 'bytes'
> {
  /** µs from its first chunk's start to its last one's end, over all times it ran */
  readonly micros: number;
  /** share of the whole run, 0…1 */
  readonly share: number;
  /** times it ran (more than 1 in loops) */
  readonly count: number;
  /** threads at work on average */
  readonly threads: number;
  readonly gflops: number;
  /** GB/s of operands read and written */
  readonly gbps: number;
  /** time the roofline allows over the time taken, 0…1 and above where flops are saved; null for host nodes */
  readonly roofline: number | null;
  /** µs that the cost model predicts, and what of; null for host nodes */
  readonly predicted: number | null;
  readonly cost: Pick<Prediction, 'family' | 'terms'> | null;
  /** what the roofline says limits it */
  readonly bound: 'compute' | 'memory' | 'host';
}
export interface RunProfile {
  readonly isa: string;
  readonly threads: number;
  readonly runs: number;
  /** µs of a whole run, median */
  readonly micros: number;
  /** µs between the steps and outside of them, median */
  readonly overhead: number;
  /** µs of a run that the cost model predicts */
  readonly predicted: number;
  readonly steps: readonly StepProfile[];
  /** the last run, by start: for timelines */
  readonly timeline: readonly TimelineEntry[];
  /** of each native region, in order; steps count within it */
  readonly memory: readonly Pick<RegionReport, 'arena' | 'lowerBound' | 'buffers'>[];
  /** the machine's ceilings that steps are compared with: GFLOP/s, GB/s by size of data */
  readonly ceilings: { readonly gflops: number; readonly bandwidth: readonly Bandwidth[] };
}
export interface TimelineEntry {
  readonly name: string;
  readonly node: string;
  /** 0: the thread that drives the run */
  readonly thread: number;
  /** µs from the run's start */
  readonly start: number;
  readonly micros: number;
}
export interface RecordedRun {
  readonly recorder: Recorder;
  readonly micros: number;
}

interface Timed {
  micros: number;
  busy: number;
  count: number;
}

/** Time of each step: chunks of one step that follow each other are one run of it. */
function timesOf(chunks: readonly Chunk[]): Map<number, Timed> {
  const times = new Map<number, Timed>();
  for (let i = 0; i < chunks.length;) {
    const { step, start } = chunks[i]!;
    let [end, busy] = [start, 0];
    for (; i < chunks.length && chunks[i]!.step === step; i++) {
      end = Math.max(end, chunks[i]!.end);
      busy += chunks[i]!.end - chunks[i]!.start;
    }
    const known = times.get(step) ?? { micros: 0, busy: 0, count: 0 };
    times.set(step, {
      micros: known.micros + end - start,
      busy: known.busy + busy,
      count: known.count + 1,
    });
  }
  return times;
}

/** GFLOP/s of one thread; feature ISAs have those of the best width ISA. */
const peakOf = ({ isas }: HardwareProfile, isa: string): number =>
  (isas[isa] ?? Object.values(isas)[0]!).fma;

/** µs that the roofline allows for so much work on so many threads, and what limits it. */
function allowed(
  { flops, bytes }: { readonly flops: number; readonly bytes: number },
  hardware: HardwareProfile,
  isa: string,
  threads: number,
): { micros: number; bound: 'compute' | 'memory' } {
  const { one, all } = bandwidthFor(hardware, bytes / threads);
  const compute = flops / (peakOf(hardware, isa) * threads * 1e3);
  const memory = bytes / ((threads > 1 ? all : one) * 1e3);
  return compute > memory
    ? { micros: compute, bound: 'compute' }
    : { micros: memory, bound: 'memory' };
}

/** Sums up recorded runs of one variant with the same feeds. */
export function summarise(
  variant: Variant,
  runs: readonly RecordedRun[],
  hardware: HardwareProfile,
  isa: string,
  threads: number,
): RunProfile {
  const micros = median(runs.map((r) => r.micros));
  const last = runs.at(-1)!.recorder;
  const reports = new Map<NativeRecord, RegionReport>();
  const reportOf = (record: NativeRecord): RegionReport => {
    let report = reports.get(record);
    if (!report) {
      report = reportRegion(variant.plan, record.region, record.sizes);
      reports.set(record, report);
    }
    return report;
  };
  // the addon numbers the steps that may run
  const stepsOf = (record: NativeRecord): readonly StepReport[] =>
    reportOf(record).steps.filter(({ items, trips }) => items > 0 && trips > 0);
  const machine = machineOf(hardware, isa);
  const workOf = (record: NativeRecord): readonly PlacedWork[] => {
    const { region, sizes } = record;
    const { words } = bindRegion(variant.plan, region, sizes);
    const all = regionWork(variant.plan, region, words, evaluateRows(variant.plan, sizes));
    return all.filter(({ work, trips }) => work.items > 0 && trips > 0);
  };
  const allWorks = last.native.map(workOf);
  const modelWeights = weightsRead(allWorks.flat());
  const native = last.native.flatMap((record, k) => {
    const works = allWorks[k]!;
    const times = runs.map(({ recorder }) => timesOf(recorder.native[k]?.chunks() ?? []));
    return stepsOf(record).flatMap((step, i): StepProfile[] => {
      const mine = times.flatMap((t) => t.get(i) ?? []);
      if (mine.length === 0) return [];
      const { kernel, node, inputs, outputs, inPlace, items } = step;
      const time = median(mine.map((t) => t.micros));
      const count = mine.at(-1)!.count;
      const [flops, bytes] = [step.flops * count, step.bytes * count];
      const cost = predictStep(works[i]!.work, machine, threads, modelWeights);
      const roof = allowed(step, hardware, isa, Math.min(threads, Math.max(1, items)));
      return [
        {
          ...{ kernel, node, inputs, outputs, inPlace, items, flops, bytes },
          micros: time,
          share: time / micros,
          count,
          threads: median(mine.map((t) => (t.micros > 0 ? t.busy / t.micros : 1))),
          gflops: flops / time / 1e3,
          gbps: bytes / time / 1e3,
          predicted: cost.micros * count,
          cost: { family: cost.family, terms: cost.terms },
          roofline: (roof.micros * count) / time,
          bound: roof.bound,
        },
      ];
    });
  });
  const host = last.host.map(({ op, node }, k): StepProfile => {
    const time = median(
      runs.flatMap(({ recorder }) => {
        const h = recorder.host[k];
        return h ? [h.end - h.start] : [];
      }),
    );
    return {
      ...{ kernel: `${op} in JavaScript`, node, inputs: [], outputs: [], inPlace: false },
      ...{ items: 1, flops: 0, bytes: 0, micros: time, share: time / micros, count: 1 },
      ...{ threads: 1, gflops: 0, gbps: 0, roofline: null, bound: 'host' },
      ...{ predicted: null, cost: null },
    };
  });
  const steps = [...native, ...host];
  const timeline = [
    ...last.native.flatMap((record) => {
      const steps = stepsOf(record);
      return record.chunks().map(({ step, slot, start, end }): TimelineEntry => {
        const { kernel: name, node } = steps[step]!;
        return { name, node, thread: slot, start, micros: end - start };
      });
    }),
    ...last.host.map(({ op, node, start, end }): TimelineEntry => ({
      name: `${op} in JavaScript`,
      node,
      thread: 0,
      start,
      micros: end - start,
    })),
  ].sort((a, b) => a.start - b.start);
  const overhead = Math.max(0, micros - steps.reduce((sum, s) => sum + s.micros, 0));
  const memory = last.native.map((record) => {
    const { arena, lowerBound, buffers } = reportOf(record);
    return { arena, lowerBound, buffers };
  });
  const predicted = predictRun(
    steps.reduce((sum, s) => sum + (s.predicted ?? 0), 0),
    native.length,
    host.length,
  );
  const ceilings = { gflops: peakOf(hardware, isa) * threads, bandwidth: hardware.bandwidth };
  return {
    ...{
      isa,
      threads,
      runs: runs.length,
      micros,
      overhead,
      predicted,
      steps,
      timeline,
      memory,
      ceilings,
    },
  };
}
