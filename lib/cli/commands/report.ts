import { basename } from 'node:path';
import { Command } from 'commander';
import { histogramOf } from '../../ir/print.js';
import { formatBytes } from '../../plan/explain.js';
import { isPlanFile } from '../../plan/file.js';
import { type ReportSource, htmlReport } from '../../report/html.js';
import { makeFeeds } from '../feeds.js';
import { importFile, optimizeReported } from '../model.js';
import { type RunningOptions, given, integer, openSession, runningOptions } from '../options.js';
import { type Io, milliseconds, writeWhole } from '../output.js';

interface Options extends RunningOptions {
  readonly output: string;
  readonly threads?: number;
  readonly isa?: string;
  readonly runs: number;
}

/** The graph before and after the passes, for sizes as they are given. */
function graphOf(path: string, { off, size }: Options): ReportSource['graph'] {
  const options = given({ off, size });
  try {
    const imported = importFile(path, options);
    const { graph, passes } = optimizeReported(imported.graph, options);
    return { before: histogramOf(imported.graph), after: histogramOf(graph), passes };
  } catch {
    // a graph that depends on numbers is known only by its plan
    return null;
  }
}

async function report(path: string, options: Options, io: Io): Promise<void> {
  const { threads, isa, runs, output } = options;
  await using session = await openSession(path, options, given({ threads, isa }), io);
  const feeds = makeFeeds(session.inputs, options);
  io.progress('measuring');
  const profile = await session.profile(feeds, { runs });
  const { memory } = session;
  io.progress('writing');
  const flops = profile.steps.reduce((sum, s) => sum + s.flops, 0);
  const shapes = Object.entries(feeds).map(([name, t]) => `${name} ${t.type}[${t.dims.join(',')}]`);
  const facts: [string, string][] = [
    ['model', path],
    ['inputs', shapes.join(', ')],
    [
      'run',
      `${milliseconds(profile.micros / 1000)} (median of ${profile.runs}), ${(flops / profile.micros / 1e3).toFixed(1)} GFLOP/s`,
    ],
    ['on', `${profile.isa}, ${profile.threads} threads`],
    [
      'plan',
      `${session.nodes.imported} nodes in the model, ${session.nodes.optimized} after rewriting, ${session.steps} steps`,
    ],
    [
      'memory',
      `weights ${formatBytes(memory.weights)}, arena ${formatBytes(memory.arena)} (alive at once ${formatBytes(memory.lowerBound)}, all tensors ${formatBytes(memory.tensors)}), scratch ${formatBytes(memory.scratch)}`,
    ],
  ];
  const graph = (await isPlanFile(path)) ? null : graphOf(path, options);
  const html = htmlReport({ title: `haio: ${basename(path)}`, facts, profile, graph });
  writeWhole(output, html);
  io.progress(null);
  io.print(`${output} (${formatBytes(Buffer.byteLength(html))})`);
}

export const reportCommand = (io: Io): Command =>
  runningOptions(new Command('report'))
    .summary('write a page that shows a run: roofline, timeline, memory, steps')
    .description(
      'Runs a model and writes one HTML file, which needs no network: roofline with each step as a point, ' +
        'timeline of the threads, map of the memory, all steps, and the graph before and after rewriting.',
    )
    .requiredOption('-o, --output <file>', 'the page')
    .option('-t, --threads <n>', 'threads of a run', integer(1))
    .option('--isa <name>', 'kernels for this ISA')
    .option('-n, --runs <n>', 'runs that are measured', integer(1), 10)
    .addHelpText('after', '\nExample:\n  haio report model.onnx -o report.html --threads 1')
    .action((path: string, options: Options) => report(path, options, io));
