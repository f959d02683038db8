import { Command } from 'commander';
import type { Session, Tensor } from '../../index.js';
import { loadAddon } from '../../native/binding.js';
import { table } from '../../plan/explain.js';
import { makeFeeds } from '../feeds.js';
import {
  type RunningOptions,
  amount,
  given,
  integer,
  integers,
  names,
  openSession,
  runningOptions,
} from '../options.js';
import { type Io, milliseconds, short } from '../output.js';
import { kendallTau, median, quantile } from '../../runtime/statistics.js';

interface Options extends RunningOptions {
  readonly threads?: number[];
  readonly isa?: string[];
  readonly runs?: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly concurrency: number;
  readonly cost?: boolean;
  readonly json?: boolean;
}

/** One measurement; times in milliseconds. */
interface Measured {
  readonly isa: string;
  readonly threads: number;
  readonly concurrency: number;
  readonly runs: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly min: number;
  /** runs per second */
  readonly throughput: number;
  /** from the model's file to the session */
  readonly load: number;
  /** with --cost: what the cost model says of a run, and of the order of its steps by time */
  readonly predicted?: {
    readonly milliseconds: number;
    readonly error: number;
    readonly tau: number;
  };
}

/** Predicted time of a run against the measured one, and Kendall's tau over its steps' times. */
async function predict(
  session: Session,
  feeds: Readonly<Record<string, Tensor>>,
  measured: number,
): Promise<NonNullable<Measured['predicted']>> {
  const { predicted, steps } = await session.profile(feeds);
  const pairs = steps.flatMap((s): [number, number][] =>
    s.predicted === null ? [] : [[s.predicted, s.micros]],
  );
  const milliseconds = predicted / 1000;
  return { milliseconds, error: milliseconds / measured - 1, tau: kendallTau(pairs) };
}

/** Milliseconds of each run, `concurrency` at a time, and of all of them. */
async function timed(
  session: Session,
  feeds: Readonly<Record<string, Tensor>>,
  { runs, seconds, warmUp, concurrency }: Options,
): Promise<{ readonly each: number[]; readonly all: number }> {
  for (let i = 0; i < Math.max(1, warmUp); i++) await session.run(feeds);
  const each: number[] = [];
  const started = performance.now();
  const end = started + 1000 * seconds;
  let begun = 0;
  const more = (): boolean =>
    runs === undefined ? begun < concurrency || performance.now() < end : begun < runs;
  const client = async (): Promise<void> => {
    while (more()) {
      begun++;
      const start = performance.now();
      await session.run(feeds);
      each.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  return { each, all: performance.now() - started };
}

async function measure(
  path: string,
  options: Options,
  how: { readonly threads: number | undefined; readonly isa: string | undefined },
  io: Io,
): Promise<Measured> {
  const { concurrency } = options;
  const started = performance.now();
  await using session = await openSession(path, options, { ...given(how), lanes: concurrency }, io);
  const load = performance.now() - started;
  const feeds = makeFeeds(session.inputs, options);
  const { isa, threads } = session;
  io.progress(`${isa}, ${threads} threads`);
  const { each, all } = await timed(session, feeds, options);
  io.progress(null);
  const sorted = each.sort((a, b) => a - b);
  const predicted = options.cost ? await predict(session, feeds, median(sorted)) : undefined;
  return {
    isa,
    threads,
    concurrency,
    runs: sorted.length,
    median: median(sorted),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    min: sorted[0]!,
    throughput: (1000 * sorted.length) / all,
    load,
    ...(predicted ? { predicted } : {}),
  };
}

/** Names of the ISAs that this CPU can do, the best first. */
const usableIsas = (): string[] =>
  [...loadAddon().inspect().isas]
    .filter((i) => i.usable)
    .sort((a, b) => b.priority - a.priority)
    .map((i) => i.name);

const predictedCells = ({ predicted }: Measured): string[] =>
  predicted
    ? [
        milliseconds(predicted.milliseconds),
        `${(100 * predicted.error).toFixed(1)} %`,
        predicted.tau.toFixed(2),
      ]
    : [];

async function bench(path: string, options: Options, io: Io): Promise<void> {
  const list: Measured[] = [];
  const every = options.isa?.length === 1 && options.isa[0] === 'all';
  for (const isa of every ? usableIsas() : (options.isa ?? [undefined]))
    for (const threads of options.threads ?? [undefined])
      list.push(await measure(path, options, { threads, isa }, io));
  if (options.json) return io.print(JSON.stringify(list));
  const head = ['isa', 'threads', 'runs', 'median', 'p90', 'p99', 'least', 'runs/s'];
  if (options.cost) head.push('predicted', 'error', 'tau');
  const cells = list.map((m) => [
    m.isa,
    `${m.threads}`,
    `${m.runs}`,
    ...[m.median, m.p90, m.p99, m.min].map(milliseconds),
    short(m.throughput),
    ...predictedCells(m),
  ]);
  table([head, ...cells], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).forEach(io.print);
}

export const benchCommand = (io: Io): Command =>
  runningOptions(new Command('bench'))
    .summary('measure the time of runs')
    .description('Measures a model after a warm-up: median, p90, p99, throughput.')
    .option('-t, --threads <n,…>', 'threads of a run, one measurement for each', integers)
    .option(
      '--isa <name,…>',
      'kernels for these ISAs, one measurement for each; all: every one this CPU can do',
      names,
    )
    .option('-n, --runs <n>', 'this many runs', integer(1))
    .option('--seconds <n>', 'runs for so long, when --runs is not given', amount, 2)
    .option('--warm-up <n>', 'runs before the measurement', integer(1), 3)
    .option('-c, --concurrency <n>', 'runs at a time', integer(1), 1)
    .option(
      '--cost',
      "also what the cost model predicts, its error, and Kendall's tau over the steps",
    )
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  haio bench model.onnx --threads 1,2 --isa avx2,avx512')
    .action((path: string, options: Options) => bench(path, options, io));
