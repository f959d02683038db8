import { Command } from 'commander';
import { type Capacity, capacityOf } from '../../cost/capacity.js';
import { HARDWARE_FAMILIES } from '../../hardware/families.js';
import { formatBytes, table } from '../../plan/explain.js';
import { type CostOptions, costOptions, reportCosts } from '../costs.js';
import { amount } from '../options.js';
import { type Io, milliseconds, short } from '../output.js';
import { UNMEASURED, readTarget } from './predict.js';

interface Options extends CostOptions {
  readonly target?: string;
  readonly rps: number;
  readonly p99: number;
  readonly price?: number;
  readonly json?: boolean;
}

interface Needed {
  readonly target: string;
  /** null where no number of cores is fast enough */
  readonly need: (Capacity & { readonly memory: number; readonly perMillion?: number }) | null;
  /** ms of a run on the best number of threads */
  readonly fastest: number;
}

/** 1, 2, 4, … up to the cores of a machine. */
const powers = (cores: number): number[] =>
  Array.from({ length: Math.floor(Math.log2(cores)) + 1 }, (_, i) => 2 ** i);

async function capacity(path: string, options: Options, io: Io): Promise<void> {
  const { rps, p99, price } = options;
  const names = options.target === undefined ? Object.keys(HARDWARE_FAMILIES) : [options.target];
  const ways = names.flatMap((name) => {
    const hardware = readTarget(name);
    const { usable } = hardware.cores;
    return powers(usable).map((threads) => ({
      ...{ name, hardware, threads, instances: Math.max(1, Math.floor(usable / threads)) },
    }));
  });
  const reports = await reportCosts(path, options, ways, io);
  const list = names.map((target): Needed => {
    const own = ways.flatMap((w, i) => (w.name === target ? [reports[i]!] : []));
    const report = (threads: number): (typeof own)[number] =>
      own.find((r) => r.threads === threads)!;
    const found = capacityOf(
      { rps, p99 },
      own.map((r) => r.threads),
      (threads) => report(threads).milliseconds,
    );
    const fastest = Math.min(...own.map((r) => r.milliseconds));
    if (!found) return { target, need: null, fastest };
    const { weights, arena, scratch } = report(found.threads).memory;
    const memory = weights + found.instances * (arena + scratch);
    const perMillion =
      price === undefined ? {} : { perMillion: (found.cores * price * 1e6) / rps / 3600 };
    return { target, need: { ...found, memory, ...perMillion }, fastest };
  });
  if (list.every((n) => !n.need)) io.exitCode = 1;
  if (options.json) return io.print(JSON.stringify(list));
  const rows = list.map(({ target, need, fastest }) =>
    need
      ? [
          ...[target, `${need.cores}`, `${need.instances}`, `${need.threads}`],
          ...[milliseconds(need.latency), milliseconds(need.p99)],
          ...[`${Math.round(100 * need.load)} %`, formatBytes(need.memory)],
          need.perMillion === undefined ? '' : short(need.perMillion),
        ]
      : [
          target,
          'none',
          '',
          '',
          milliseconds(fastest),
          `${milliseconds(fastest - p99)} too slow`,
          '',
          '',
          '',
        ],
  );
  const head = ['target', 'cores', 'instances', 'threads', 'a run', 'p99', 'load', 'memory'];
  const priced = price === undefined ? '' : 'per million';
  table([[...head, priced], ...rows], [1, 2, 3, 4, 5, 6, 7, 8]).forEach(io.print);
  io.print(`${short(rps)} runs a second that come at random; ${UNMEASURED}`);
}

export const capacityCommand = (io: Io): Command =>
  costOptions(new Command('capacity'))
    .summary('tell how many cores serve a load')
    .description(
      'Predicts how many cores and how much memory serve so many runs a second, 99 of 100 within a time: ' +
        'instances of as many threads as need the fewest cores, with the wait for a free one. Exit code 1 ' +
        'when no family is fast enough.',
    )
    .requiredOption('--rps <n>', 'runs per second', amount)
    .requiredOption('--p99 <ms>', 'milliseconds within which 99 of 100 are answered', amount)
    .option('--price <n>', 'of a core for an hour: also tells the cost of a million runs', amount)
    .option('--target <name>', 'a family, or a profile.json; default: all families')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  haio capacity model.onnx --rps 500 --p99 50 --price 0.04')
    .action((path: string, options: Options) => capacity(path, options, io));
