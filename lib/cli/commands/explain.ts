import { Command } from 'commander';
import { explainModel, reportRegion, table, typicalSizes } from '../../plan/explain.js';
import { loadAddon } from '../../native/binding.js';
import { openModel } from '../../plan/decode.js';
import { isPlanFile, openPlanFile } from '../../plan/file.js';
import type { CompiledModel, Region } from '../../plan/plan.js';
import { contents, sizes } from '../assign.js';
import { type CompiledFile, type ModelOptions, type PassReport, compileFile } from '../model.js';
import { offOption, passNames, precisionOption } from '../options.js';
import type { Io } from '../output.js';

interface Options extends ModelOptions {
  readonly why?: boolean;
  readonly json?: boolean;
}

const changed = ({ before, after, fired }: PassReport): boolean =>
  before !== after || Object.keys(fired).length > 0;

function passLines(passes: readonly PassReport[], why: boolean): string[] {
  const lines = passes.filter(changed).map(({ pass, before, after, fired }) => [
    pass,
    `${before} → ${after} nodes`,
    Object.entries(fired)
      .map(([rule, n]) => (rule === pass ? `×${n}` : `${rule} ×${n}`))
      .join(', '),
  ]);
  const refused = passes.flatMap((p) => p.refused.map((r) => ({ ...r, pass: p.pass })));
  const reasons = refused.map((r) => `${r.pass}: ${r.rule} not at ${r.at}: ${r.why}`);
  return [
    ...(lines.length > 0 ? table(lines, []) : ['no pass changed anything']),
    ...(why ? [...new Set(reasons)] : []),
  ];
}

function planJson(plan: CompiledModel): object {
  const values = typicalSizes(plan);
  const regionOf = (region: Region): object =>
    region.kind === 'native'
      ? { kind: region.kind, ...reportRegion(plan, region, values) }
      : {
          kind: region.kind,
          nodes: region.nodes.map((n) => ({ op: n.op.name, node: plan.origins[n.origin] ?? '' })),
        };
  return {
    sizes: Object.fromEntries(plan.symbols.map((s, i) => [s.name, values[i]])),
    regions: plan.regions.map(regionOf),
    bytes: plan.bytes,
  };
}

const json = ({ plan, passes, meta, isa }: CompiledFile): object => ({
  ...{ isa, passes, hostNodes: meta.hostNodes },
  ...planJson(plan),
});

/** The plan of a compiled file. */
function explainPlan(path: string, options: Options, io: Io): void {
  const native = loadAddon();
  const id = openPlanFile(native, path);
  try {
    const plan = openModel(native, id);
    if (options.json) return io.print(JSON.stringify(planJson(plan)));
    explainModel(plan).split('\n').forEach(io.print);
  } finally {
    native.modelRelease(id);
  }
}

async function explain(path: string, options: Options, io: Io): Promise<void> {
  if (await isPlanFile(path)) return explainPlan(path, options, io);
  const compiled = compileFile(path, options, io);
  try {
    if (options.json) return io.print(JSON.stringify(json(compiled)));
    passLines(compiled.passes, options.why ?? false).forEach(io.print);
    io.print('');
    explainModel(compiled.plan).split('\n').forEach(io.print);
  } finally {
    compiled.release();
  }
}

export const explainCommand = (io: Io): Command =>
  new Command('explain')
    .summary('show the plan: passes, steps, kernels, memory')
    .description(
      'Shows what the passes did, the steps of the plan with their kernels and estimates, and its ' +
        'memory: for the sizes given, typical ones where they are open.',
    )
    .argument('<model>', 'an .onnx file, or a compiled .haio')
    .option('-s, --size <name=n>', 'fix a symbolic size', sizes)
    .option('-v, --value <name=numbers>', 'fix the contents of a small input', contents)
    .option('--isa <name>', 'plan for this ISA')
    .addOption(precisionOption())
    .addOption(offOption())
    .option('--stop-after <pass>', 'the last pass to run')
    .option('--why', 'also tell where rules did not fire, and why')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `${passNames()}

Examples:
  haio explain model.onnx --size batch=8
  haio explain model.onnx --off fuse-attention --why`,
    )
    .action((path: string, options: Options) => explain(path, options, io));
