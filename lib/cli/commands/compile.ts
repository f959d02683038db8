import { Command } from 'commander';
import { loadAddon } from '../../native/binding.js';
import { savePlan } from '../../plan/file.js';
import { formatBytes } from '../../plan/explain.js';
import { contents, sizes } from '../assign.js';
import { countNodes } from '../../ir/graph.js';
import { type ModelOptions, compileFile } from '../model.js';
import { offOption, passNames, precisionOption } from '../options.js';
import { type Io, megabytes, milliseconds, row } from '../output.js';

interface Options extends ModelOptions {
  readonly json?: boolean;
  readonly output?: string;
}

async function compile(path: string, options: Options, io: Io): Promise<void> {
  const compiled = compileFile(path, options, io);
  const { imported, graph, meta, phases, isa, plan } = compiled;
  try {
    if (options.output !== undefined) {
      io.progress('writing');
      await savePlan(loadAddon(), plan.model, options.output);
      io.progress(null);
    }
  } finally {
    compiled.release();
  }
  const nodes = {
    model: imported.onnxNodes,
    imported: countNodes(imported.graph),
    optimized: countNodes(graph),
  };
  if (options.json) {
    const symbols = plan.symbols.map((s) => s.name);
    io.print(
      JSON.stringify({
        ...{ path, output: options.output ?? null, isa, nodes },
        ...{ ...meta, symbols, milliseconds: phases },
      }),
    );
    return;
  }
  const say = (name: string, ...lines: string[]): void => row(io.print, name, lines);
  say('file', `${path} (${megabytes(imported.bytes)})`);
  say('isa', isa);
  say(
    'nodes',
    `${nodes.model} in the model, ${nodes.imported} imported, ${nodes.optimized} optimized`,
  );
  say('steps', `${meta.steps} in a run, ${meta.constantSteps} done once while compiling`);
  say('host', ...meta.hostNodes);
  if (plan.symbols.length > 0) say('open sizes', plan.symbols.map((s) => s.name).join(', '));
  say(
    'bytes',
    `${formatBytes(meta.totalBytes)}, of which weights ${formatBytes(meta.weightBytes)}`,
  );
  if (options.output !== undefined) say('written', options.output);
  const total = phases.import + phases.optimize + phases.plan;
  const each = Object.entries(phases).map(([name, ms]) => `${name} ${milliseconds(ms)}`);
  say('time', `${milliseconds(total)} (${each.join(', ')})`);
}

export const compileCommand = (io: Io): Command =>
  new Command('compile')
    .summary('compile a model to a file, and tell what came out')
    .description(
      'Compiles a model: nodes, steps, weights, nodes left to JavaScript, time by phase. With -o the ' +
        'compiled model is written to a file that all verbs and load() take: it loads without ' +
        'compiling, and processes share its memory.',
    )
    .argument('<model>', 'an .onnx file')
    .option('-o, --output <file>', 'write the compiled model here (model.haio)')
    .option('-s, --size <name=n>', 'fix a symbolic size', sizes)
    .option('-v, --value <name=numbers>', 'fix the contents of a small input', contents)
    .option('--isa <name>', 'compile for this ISA')
    .addOption(precisionOption())
    .addOption(offOption())
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `${passNames()}\n\nExamples:\n  haio compile model.onnx --size batch=1\n  haio compile model.onnx -o model.haio`,
    )
    .action((path: string, options: Options) => compile(path, options, io));
