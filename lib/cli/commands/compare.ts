import { Command } from 'commander';
import type { Session, TensorLike } from '../../index.js';
import { table } from '../../plan/explain.js';
import { plainOf } from '../../runtime/tensor.js';
import { type Difference, type Tolerance, differenceOf } from '../difference.js';
import { makeFeeds } from '../feeds.js';
import {
  type RunningOptions,
  amount,
  given,
  integer,
  openSession,
  runningOptions,
} from '../options.js';
import { type Io, milliseconds, row, short } from '../output.js';
import { type Rival, openRival } from '../rival.js';
import { median } from '../../runtime/statistics.js';

interface Options extends RunningOptions, Tolerance {
  readonly with: string;
  readonly threads?: number;
  readonly isa?: string;
  readonly turns: number;
  readonly ms: number;
  readonly json?: boolean;
}

/** Medians in milliseconds; ratio: the rival's time over haio's, median of the pairs of turns. */
interface Timing {
  readonly haio: number;
  readonly rival: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Median of the runs that fit into `ms`, after one that is not counted. */
async function turn(run: () => Promise<unknown>, ms: number): Promise<number> {
  await run();
  const times: number[] = [];
  const end = performance.now() + ms;
  do {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  } while (performance.now() < end);
  return median(times);
}

/** Turns of both sides, A B, B A, …: what slows the machine down for a while slows both. */
async function interleaved(
  sides: readonly [() => Promise<unknown>, () => Promise<unknown>],
  { turns, ms }: Options,
  io: Io,
): Promise<Timing | null> {
  if (turns === 0) return null;
  const times: [number[], number[]] = [[], []];
  for (let t = 0; t < turns; t++) {
    io.progress(`turn ${t + 1} of ${turns}`);
    for (const side of t % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
      times[side].push(await turn(sides[side], ms));
  }
  io.progress(null);
  const ratios = times[0].map((haio, i) => times[1][i]! / haio);
  return {
    haio: median(times[0]),
    rival: median(times[1]),
    ratio: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
  };
}

interface Compared {
  readonly name: string;
  /** why there is no difference to tell */
  readonly problem?: string;
  readonly difference?: Difference;
}

function compareOne(
  name: string,
  ours: TensorLike,
  theirs: TensorLike | undefined,
  tolerance: Tolerance,
): Compared {
  const [a, b] = [plainOf(ours), plainOf(theirs)];
  if (!a || !b) return { name, problem: 'the other runtime gives no tensor' };
  const difference = differenceOf(a, b, tolerance);
  return typeof difference === 'string' ? { name, problem: difference } : { name, difference };
}

const wrong = ({ problem, difference }: Compared): boolean =>
  problem !== undefined || difference!.wrong > 0;

const cells = ({ name, problem, difference: d }: Compared): string[] =>
  d
    ? [
        name,
        d.absolute.toExponential(2),
        d.relative.toExponential(2),
        d.cosine.toFixed(7),
        `${d.wrong} of ${d.elements}`,
      ]
    : [name, problem!, '', '', 'all'];

async function measure(
  session: Session,
  rival: Rival,
  options: Options,
  io: Io,
): Promise<{ readonly outputs: readonly Compared[]; readonly timing: Timing | null }> {
  const feeds = makeFeeds(session.inputs, options);
  const rivalFeeds = rival.feeds(feeds);
  io.progress('run');
  const ours = await session.run(feeds);
  const theirs = await rival.run(rivalFeeds);
  const outputs = Object.entries(ours).map(([name, t]) =>
    compareOne(name, t, theirs[name], options),
  );
  const sides = [() => session.run(feeds), () => rival.run(rivalFeeds)] as const;
  return { outputs, timing: await interleaved(sides, options, io) };
}

async function compare(path: string, options: Options, io: Io): Promise<void> {
  const { threads, isa, rtol, atol } = options;
  await using session = await openSession(path, options, given({ threads, isa }), io);
  io.progress(`open in ${options.with}`);
  const rival = await openRival(options.with, path, session.threads);
  const { outputs, timing } = await measure(session, rival, options, io).finally(() =>
    rival.release(),
  );
  io.progress(null);
  const bad = outputs.filter(wrong);
  if (bad.length > 0) io.exitCode = 1;
  const how = { isa: session.isa, threads: session.threads };
  if (options.json) {
    const ok = bad.length === 0;
    return io.print(JSON.stringify({ with: rival.name, ...how, rtol, atol, ok, outputs, timing }));
  }
  const head = ['output', 'max abs', 'max rel', 'cosine', 'outside'];
  table([head, ...outputs.map(cells)], [1, 2, 3, 4]).forEach(io.print);
  const limits = `|a − b| ≤ ${atol} + ${rtol}·|b|`;
  io.print(
    bad.length === 0
      ? `all outputs agree: ${limits}`
      : `outputs differ: ${bad.map((o) => o.name).join(', ')}; wanted ${limits}`,
  );
  if (!timing) return;
  io.print('');
  const named = `${how.isa}, ${how.threads} threads`;
  row(io.print, 'haio', [`${milliseconds(timing.haio)}  (${named})`]);
  row(io.print, 'other', [`${milliseconds(timing.rival)}  (${rival.name})`]);
  row(io.print, 'ratio', [
    `${timing.ratio.toFixed(2)}×  (${short(timing.low)} to ${short(timing.high)}; above 1 haio is faster)`,
  ]);
}

export const compareCommand = (io: Io): Command =>
  runningOptions(new Command('compare'))
    .summary('compare results and time with another runtime')
    .description(
      "Runs a model in haio and in another runtime with onnxruntime-common's API: errors of each " +
        'output, and times in turns (A B, B A, …). Exit code 1 when outputs differ.',
    )
    .option('--with <package>', 'the other runtime: a package or a file', 'onnxruntime-node')
    .option('-t, --threads <n>', 'threads of a run, on both sides', integer(1))
    .option('--isa <name>', 'kernels for this ISA')
    .option('--rtol <x>', 'relative error allowed', amount, 1e-3)
    .option('--atol <x>', 'absolute error allowed', amount, 1e-4)
    .option('--turns <n>', 'turns of each side; 0: no timing', integer(0), 9)
    .option('--ms <n>', 'milliseconds of a turn', amount, 100)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExample:\n  haio compare model.onnx --input x=float32[1,3,224,224] --threads 1',
    )
    .action((path: string, options: Options) => compare(path, options, io));
