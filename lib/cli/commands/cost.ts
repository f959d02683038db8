import { Command } from 'commander';
import type { CostReport, LayerCost } from '../../index.js';
import { formatBytes, table } from '../../plan/explain.js';
import { type CostOptions, costOptions, reportCosts } from '../costs.js';
import { integer } from '../options.js';
import { type Io, milliseconds, short } from '../output.js';

interface Options extends CostOptions {
  readonly threads?: number;
  readonly isa?: string;
  readonly top: number;
  readonly json?: boolean;
}

const million = (x: number): string => (x === 0 ? '' : short(Number((x / 1e6).toPrecision(3))));
const cells = (l: LayerCost): string[] => [
  milliseconds(l.milliseconds),
  `${(100 * l.share).toFixed(1)} %`,
  million(l.flops),
  formatBytes(l.bytes),
  l.flops > 0 ? l.intensity.toFixed(1) : '',
  (l.energy * 1e3).toPrecision(2),
  l.bound,
  l.kernel,
  l.shape.join('×'),
  l.node,
];
const HEAD = ['ms', 'share', 'MFLOP', 'moved', 'FLOP/B', 'mJ', 'bound', 'kernel', 'output', 'node'];

function print(report: CostReport, { top }: Options, io: Io): void {
  const byTime = [...report.layers].sort((a, b) => b.milliseconds - a.milliseconds);
  const shown = top > 0 ? byTime.slice(0, top) : byTime;
  table([HEAD, ...shown.map(cells)], [0, 1, 2, 3, 4, 5]).forEach(io.print);
  const left = byTime.length - shown.length;
  if (left > 0) io.print(`… ${left} more (--top 0 shows all)`);
  const { flops, bytes, energy, memory, narrower, threads, isa } = report;
  const open = Object.entries(report.sizes).map(([name, n]) => `${name} = ${n}`);
  io.print(
    `${milliseconds(report.milliseconds)} a run, ${(flops / 1e9).toPrecision(3)} GFLOP, ` +
      `${formatBytes(bytes)} moved, about ${(energy * 1e3).toPrecision(2)} mJ; ` +
      `${isa}, ${threads} threads${open.length > 0 ? `; ${open.join(', ')}` : ''}`,
  );
  const { weights, arena, scratch } = memory;
  io.print(
    `weights ${formatBytes(weights)}, arena ${formatBytes(arena)}, scratch ${formatBytes(scratch)}`,
  );
  if (report.openLoops) io.print('steps that run as often as data says are counted once');
  for (const type of ['bf16', 'i8'] as const) {
    const ms = narrower[type];
    if (ms !== null)
      io.print(
        `with ${type === 'i8' ? '8-bit' : 'bfloat16'} products: about ${milliseconds(ms)}` +
          ` (${type === 'i8' ? 'haio quantize' : '--precision bf16'})`,
      );
  }
  const notes = byTime.flatMap((l) => l.advice.map((a) => `${l.node || l.kernel}: ${a}`));
  if (notes.length > 0) io.print('\nwhat would help, the heaviest first:');
  for (const note of notes.slice(0, 10)) io.print(`  ${note}`);
}

async function cost(path: string, options: Options, io: Io): Promise<void> {
  const { threads, isa } = options;
  const [report] = await reportCosts(path, options, [{ threads, isa }], io);
  if (options.json) return io.print(JSON.stringify(report));
  print(report!, options, io);
}

export const costCommand = (io: Io): Command =>
  costOptions(new Command('cost'))
    .summary('predict what a run costs, layer by layer')
    .description(
      'Predicts, without running it, the time of each step of a model on this machine, with its ' +
        'operations, bytes, arithmetic intensity, an estimate of its energy, and what would help: ' +
        'sizes that do not fill tiles or vectors, steps that stand alone, narrower types.',
    )
    .option('-t, --threads <n>', 'threads of a run', integer(1))
    .option('--isa <name>', 'kernels for this ISA')
    .option('--top <n>', 'so many lines; 0 for all', integer(0), 25)
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  haio cost model.onnx --size batch=8 --threads 1')
    .action((path: string, options: Options) => cost(path, options, io));
