/** Predicted costs of a model's file: what the verbs cost, predict and capacity have in common. */
import { Command } from 'commander';
import { type CostReport, type HardwareProfile, hardwareProfile } from '../index.js';
import { loadAddon } from '../native/binding.js';
import { openModel } from '../plan/decode.js';
import { typicalSizes } from '../plan/explain.js';
import { isPlanFile, openPlanFile } from '../plan/file.js';
import type { CompiledModel } from '../plan/plan.js';
import { costOf } from '../runtime/cost.js';
import { chooseIsa } from '../runtime/isa.js';
import { contents, sizes } from './assign.js';
import { type ModelOptions, compileFile } from './model.js';
import { precisionOption } from './options.js';
import type { Io } from './output.js';

export type CostOptions = Pick<ModelOptions, 'size' | 'value' | 'precision'>;

/** The machine that is asked about; without one: this machine. */
export interface Target {
  readonly hardware?: HardwareProfile;
  /** default: the machine's best */
  readonly isa?: string | undefined;
  /** default: the machine's cores */
  readonly threads?: number | undefined;
  /** runs at a time on other cores; default 1 */
  readonly instances?: number;
}

export const costOptions = (command: Command): Command =>
  command
    .argument('<model>', 'an .onnx file, or a compiled .haio')
    .option('-s, --size <name=n>', 'fix a symbolic size', sizes)
    .option('-v, --value <name=numbers>', 'fix the contents of a small input', contents)
    .addOption(precisionOption());

async function withPlan<T>(
  path: string,
  options: CostOptions,
  io: Io,
  work: (plan: CompiledModel) => T,
): Promise<T> {
  if (!(await isPlanFile(path))) {
    const compiled = compileFile(path, options, io);
    try {
      return work(compiled.plan);
    } finally {
      compiled.release();
    }
  }
  const native = loadAddon();
  const id = openPlanFile(native, path);
  try {
    return work(openModel(native, id));
  } finally {
    native.modelRelease(id);
  }
}

/** The model's cost on each target; it is compiled once. Sizes that stay open are taken as typical. */
export async function reportCosts(
  path: string,
  options: CostOptions,
  targets: readonly Target[],
  io: Io,
): Promise<CostReport[]> {
  const own = targets.some((t) => !t.hardware) ? await hardwareProfile() : null;
  const reports = await withPlan(path, options, io, (plan) => {
    const taken = typicalSizes(plan);
    plan.symbols.forEach((s, i) => (taken[i] = options.size?.[s.name] ?? taken[i]!));
    return targets.map(({ hardware, isa, threads, instances = 1 }) => {
      const machine = hardware ?? own!;
      return costOf(plan, taken, {
        hardware: machine,
        isa: isa ?? (hardware ? Object.keys(machine.products)[0]! : chooseIsa(undefined)),
        threads: threads ?? machine.cores.usable,
        instances,
      });
    });
  });
  io.progress(null);
  return reports;
}
