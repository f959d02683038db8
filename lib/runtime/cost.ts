/** What a compiled model costs on a machine, layer by layer, without running it. */
import { type Machine, machineOf } from '../cost/machine.js';
import { predictRun, predictStep } from '../cost/predict.js';
import { energyOf } from '../cost/energy.js';
import { adviceOf } from '../cost/advice.js';
import type { HardwareProfile } from '../hardware/profile.js';
import { type Sizes, bindRegion, evaluateRows } from '../plan/bind.js';
import type { CompiledModel, HostRegion, NativeRegion } from '../plan/plan.js';
import { type PlacedWork, regionWork, weightsRead } from '../plan/work.js';

/** One step or host node of a run. */
export interface LayerCost {
  readonly kernel: string;
  /** ONNX nodes that it stands for */
  readonly node: string;
  /** shape of its first output */
  readonly shape: readonly number[];
  /** over all times that it runs, as are the others */
  readonly flops: number;
  /** bytes of operands read and written */
  readonly bytes: number;
  /** FLOP per byte */
  readonly intensity: number;
  readonly milliseconds: number;
  /** of the run's predicted time, 0…1 */
  readonly share: number;
  /** estimate in joules */
  readonly energy: number;
  readonly bound: 'compute' | 'memory' | 'overhead' | 'host';
  /** what would make it faster */
  readonly advice: readonly string[];
}

export interface CostReport {
  readonly machine: string;
  readonly isa: string;
  readonly threads: number;
  /** of symbolic dimensions that the model leaves open, as they were taken */
  readonly sizes: Readonly<Record<string, number>>;
  readonly layers: readonly LayerCost[];
  readonly flops: number;
  readonly bytes: number;
  /** predicted time of a run */
  readonly milliseconds: number;
  /** estimate in joules */
  readonly energy: number;
  /** bytes: weights, and what one run needs beside them */
  readonly memory: { readonly weights: number; readonly arena: number; readonly scratch: number };
  /** predicted milliseconds of a run whose float32 products are of this type; null where the ISA gains nothing */
  readonly narrower: { readonly bf16: number | null; readonly i8: number | null };
  /** some steps run as often as data says; they were counted once */
  readonly openLoops: boolean;
}

export interface CostTarget {
  readonly hardware: HardwareProfile;
  readonly isa: string;
  readonly threads: number;
  /** runs at a time on other cores, which share the way to memory; default 1 */
  readonly instances?: number;
}

interface Placed extends PlacedWork {
  readonly times: number;
}

/** float32 products as products of a narrower type: the same operations, fewer bytes of weights. */
function narrowed({ work, ...rest }: Placed, type: 'bf16' | 'i8'): Placed {
  if (work.kernel !== 'gemm.f32' && !work.kernel.startsWith('winograd.')) return { work, ...rest };
  const share = type === 'i8' ? 4 : 2;
  const inputs = work.inputs.map((o) => o && { ...o, bytes: o.weight ? o.bytes / share : o.bytes });
  const saved = work.inputs.reduce((s, o, i) => s + (o ? o.bytes - inputs[i]!.bytes : 0), 0);
  const params = { ...work.params, ...(type === 'i8' ? { quantize: 1 } : {}) };
  const bytes = Math.max(0, work.bytes - saved);
  return { ...rest, work: { ...work, kernel: `gemm.${type}`, params, inputs, bytes } };
}

function total(
  works: readonly Placed[],
  machine: Machine,
  threads: number,
  hostNodes: number,
  instances: number,
): number {
  const weights = weightsRead(works);
  const micros = works.reduce(
    (sum, { work, times }) =>
      sum + times * predictStep(work, machine, threads, weights, instances).micros,
    0,
  );
  return predictRun(micros, works.length, hostNodes) / 1e3;
}

/** Costs of a run for these sizes. */
export function costOf(model: CompiledModel, sizes: Sizes, target: CostTarget): CostReport {
  const { hardware, isa, threads, instances = 1 } = target;
  const machine = machineOf(hardware, isa);
  const rows = evaluateRows(model, sizes);
  const native = model.regions.filter((r): r is NativeRegion => r.kind === 'native');
  const host = model.regions
    .filter((r): r is HostRegion => r.kind === 'host')
    .flatMap((r) => r.nodes);
  const bound = native.map((region) => bindRegion(model, region, sizes));
  const works = native
    .flatMap((region, i) => regionWork(model, region, bound[i]!.words, rows))
    .filter(({ work, trips }) => work.items > 0 && trips > 0)
    .map((placed): Placed => ({ ...placed, times: placed.trips < Infinity ? placed.trips : 1 }));
  const milliseconds = total(works, machine, threads, host.length, instances);
  const weights = weightsRead(works);
  const layers = works.map(({ work, node, times }): LayerCost => {
    const { micros, bound } = predictStep(work, machine, threads, weights, instances);
    const [flops, bytes, ms] = [work.flops * times, work.bytes * times, (micros * times) / 1e3];
    return {
      ...{ kernel: work.kernel, node, shape: work.outputs[0]?.shape ?? [] },
      ...{ flops, bytes, intensity: bytes > 0 ? flops / bytes : 0 },
      ...{ milliseconds: ms, share: ms / milliseconds, bound },
      energy: energyOf(work, weights, hardware) * times,
      advice: adviceOf(work, machine, micros),
    };
  });
  const hosted = host.map((n): LayerCost => {
    const ms = (predictRun(0, 0, 1) - predictRun(0, 0, 0)) / 1e3;
    return {
      ...{ kernel: `${n.op.name} in JavaScript`, node: model.origins[n.origin] ?? '', shape: [] },
      ...{ flops: 0, bytes: 0, intensity: 0, milliseconds: ms, share: ms / milliseconds },
      ...{ energy: 0, bound: 'host', advice: ['no kernel for its types: it runs in JavaScript'] },
    };
  });
  const all = [...layers, ...hosted];
  const sum = (of: (l: LayerCost) => number): number => all.reduce((s, l) => s + of(l), 0);
  const narrower = (type: 'bf16' | 'i8'): number | null => {
    if (machine.peaks[type] <= machine.peaks.f32) return null;
    const list = works.map((p) => narrowed(p, type));
    const ms = total(list, machine, threads, host.length, instances);
    return ms < milliseconds ? ms : null;
  };
  return {
    ...{ machine: hardware.name, isa, threads },
    sizes: Object.fromEntries(model.symbols.map((s, i) => [s.name, sizes[i]!])),
    layers: all,
    ...{ flops: sum((l) => l.flops), bytes: sum((l) => l.bytes), milliseconds },
    energy: sum((l) => l.energy),
    memory: {
      weights: model.bytes.weights,
      arena: bound.reduce((s, b) => s + b.arenaBytes, 0),
      scratch: threads * Math.max(0, ...bound.map((b) => b.scratchBytes)),
    },
    narrower: { bf16: narrower('bf16'), i8: narrower('i8') },
    openLoops: works.some(({ trips }) => trips === Infinity),
  };
}
