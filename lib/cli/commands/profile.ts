import { Command, Option } from 'commander';
import type { RunProfile, StepProfile } from '../../index.js';
import { table } from '../../plan/explain.js';
import { chromeTrace } from '../../report/chrome-trace.js';
import { makeFeeds } from '../feeds.js';
import { type RunningOptions, given, integer, openSession, runningOptions } from '../options.js';
import { type Io, milliseconds, writeWhole } from '../output.js';

interface Options extends RunningOptions {
  readonly threads?: number;
  readonly isa?: string;
  readonly runs: number;
  readonly by: 'time' | 'order' | 'kernel';
  readonly top: number;
  readonly trace?: string;
  readonly json?: boolean;
}

const micros = (x: number): string => x.toFixed(x < 100 ? 1 : 0);
const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
const rate = (x: number): string => (x < 0.05 ? '' : x.toFixed(1));
const roof = (s: StepProfile): string => (s.roofline === null ? '' : percent(s.roofline));

const stepCells = (s: StepProfile): string[] => [
  micros(s.micros),
  percent(s.share),
  rate(s.gflops),
  rate(s.gbps),
  roof(s),
  s.bound,
  s.threads.toFixed(1),
  s.kernel,
  s.outputs.join(' '),
  s.node,
];
const STEP_HEAD = ['µs', 'share', 'GF/s', 'GB/s', 'of roof', 'bound', 'thr', 'kernel', 'output'];

/** Steps of one kernel as one line. */
function kernelLines(steps: readonly StepProfile[]): string[] {
  const kernels = [...new Set(steps.map((s) => s.kernel))];
  const sum = (list: readonly StepProfile[], of: (s: StepProfile) => number): number =>
    list.reduce((total, s) => total + of(s), 0);
  const rows = kernels
    .map((kernel) => {
      const list = steps.filter((s) => s.kernel === kernel);
      return { kernel, list, time: sum(list, (s) => s.micros) };
    })
    .sort((a, b) => b.time - a.time)
    .map(({ kernel, list, time }) => [
      micros(time),
      percent(sum(list, (s) => s.share)),
      rate(sum(list, (s) => s.flops) / time / 1e3),
      rate(sum(list, (s) => s.bytes) / time / 1e3),
      percent(sum(list, (s) => s.micros * (s.roofline ?? 0)) / time),
      `${list.length}`,
      kernel,
    ]);
  const head = ['µs', 'share', 'GF/s', 'GB/s', 'of roof', 'steps', 'kernel'];
  return table([head, ...rows], [0, 1, 2, 3, 4, 5]);
}

function stepLines(steps: readonly StepProfile[], { by, top }: Options): string[] {
  const list = by === 'time' ? [...steps].sort((a, b) => b.micros - a.micros) : steps;
  const shown = top > 0 ? list.slice(0, top) : list;
  const lines = table([[...STEP_HEAD, 'node'], ...shown.map(stepCells)], [0, 1, 2, 3, 4, 6]);
  const left = list.length - shown.length;
  const rest = list.slice(shown.length).reduce((sum, s) => sum + s.share, 0);
  return left > 0 ? [...lines, `… ${left} more with ${percent(rest)} (--top 0 shows all)`] : lines;
}

function print(profile: RunProfile, options: Options, io: Io): void {
  const { steps } = profile;
  const lines = options.by === 'kernel' ? kernelLines(steps) : stepLines(steps, options);
  lines.forEach(io.print);
  const flops = steps.reduce((sum, s) => sum + s.flops, 0);
  io.print(
    `${milliseconds(profile.micros / 1000)} a run (median of ${profile.runs}), ` +
      `${(flops / profile.micros / 1e3).toFixed(1)} GFLOP/s; ${steps.length} steps, ` +
      `${micros(profile.overhead)} µs outside of them; ${profile.isa}, ${profile.threads} threads`,
  );
}

async function profile(path: string, options: Options, io: Io): Promise<void> {
  const { threads, isa, runs } = options;
  await using session = await openSession(path, options, given({ threads, isa }), io);
  const feeds = makeFeeds(session.inputs, options);
  io.progress('measuring');
  const result = await session.profile(feeds, { runs });
  io.progress(null);
  if (options.trace !== undefined) writeWhole(options.trace, chromeTrace(result, path));
  if (options.json) return io.print(JSON.stringify(result));
  print(result, options, io);
}

export const profileCommand = (io: Io): Command =>
  runningOptions(new Command('profile'))
    .summary('show where the time of a run goes')
    .description(
      'Runs a model and shows the time of each step, its GFLOP/s and GB/s, and which share of this ' +
        "machine's roofline that is: the time that its peak and its bandwidth allow over the time " +
        'taken (above 100 % where a kernel saves arithmetic, as Winograd does).',
    )
    .option('-t, --threads <n>', 'threads of a run', integer(1))
    .option('--isa <name>', 'kernels for this ISA')
    .option('-n, --runs <n>', 'runs that are measured', integer(1), 10)
    .addOption(
      new Option('--by <what>', 'steps by time or in order, or sums by kernel')
        .choices(['time', 'order', 'kernel'])
        .default('time'),
    )
    .option('--top <n>', 'so many lines; 0 for all', integer(0), 25)
    .option('--trace <file>', 'also write the last run for Perfetto or chrome://tracing')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `
Examples:
  haio profile model.onnx --threads 1
  haio profile model.onnx --by kernel
  haio profile model.onnx --trace run.json`,
    )
    .action((path: string, options: Options) => profile(path, options, io));
