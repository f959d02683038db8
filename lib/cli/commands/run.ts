import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { raise } from '../../errors.js';
import type { Tensor } from '../../index.js';
import { table } from '../../plan/explain.js';
import { type Tensor as Plain, tensor, toNumbers } from '../../tensor/tensor.js';
import { makeFeeds } from '../feeds.js';
import { writeNpy } from '../npy.js';
import { type RunningOptions, given, integer, openSession, runningOptions } from '../options.js';
import { type Io, short } from '../output.js';
import { type Spread, spreadOf } from '../../runtime/statistics.js';

interface Options extends RunningOptions {
  readonly out?: string;
  readonly threads?: number;
  readonly isa?: string;
  readonly json?: boolean;
}

/** elements shown of each output */
const FIRST = 6;

interface Summary extends Partial<Spread> {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  /** first elements; 64-bit integers as text where a number cannot hold them */
  readonly first: readonly (number | string)[];
}

const plainOf = (t: Tensor): Plain => tensor(t.type, t.dims, t.data);

function summarize(name: string, t: Tensor): Summary {
  const about = { name, type: t.type, shape: t.dims };
  if (t.type === 'string')
    return { ...about, first: (t.data as readonly string[]).slice(0, FIRST) };
  const numbers = toNumbers(plainOf(t));
  const first = [...numbers.subarray(0, FIRST)].map((x, i) =>
    Number.isSafeInteger(x) || typeof t.data[i] !== 'bigint' ? x : t.data[i].toString(),
  );
  return { ...about, ...spreadOf(numbers), first };
}

function line({ name, type, shape, first, ...spread }: Summary): string[] {
  const shown = first.map((x) => (typeof x === 'number' ? short(x) : JSON.stringify(x)));
  const total = shape.reduce((p, d) => p * d, 1);
  const { min, max, mean, nan } = spread;
  const about =
    min === undefined
      ? ''
      : `min ${short(min)}  max ${short(max!)}  mean ${short(mean!)}${nan! > 0 ? `  NaN ${nan!}` : ''}`;
  return [
    name,
    `${type}[${shape.join(',')}]`,
    about,
    `[${shown.join(', ')}${total > first.length ? ', …' : ''}]`,
  ];
}

/** Names of files for names of outputs: nothing that leads out of a folder, all different. */
function fileNames(names: readonly string[]): string[] {
  const used = new Set<string>();
  return names.map((name) => {
    const base = name.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, '_') || '_';
    let file = `${base}.npy`;
    for (let i = 2; used.has(file); i++) file = `${base}_${i}.npy`;
    used.add(file);
    return file;
  });
}

function save(folder: string, outputs: Readonly<Record<string, Tensor>>): void {
  const names = Object.keys(outputs);
  const files = fileNames(names);
  try {
    mkdirSync(folder, { recursive: true });
    names.forEach((name, i) =>
      writeFileSync(join(folder, files[i]!), writeNpy(plainOf(outputs[name]!))),
    );
  } catch (e) {
    raise('HAIO_E_ARGUMENT', {
      name: '--out',
      expected: 'a folder to write to',
      got: (e as Error).message,
    });
  }
}

async function run(path: string, options: Options, io: Io): Promise<void> {
  const { threads, isa } = options;
  await using session = await openSession(path, options, given({ threads, isa }), io);
  const feeds = makeFeeds(session.inputs, options);
  io.progress('run');
  const outputs = await session.run(feeds);
  io.progress(null);
  if (options.out !== undefined) save(options.out, outputs);
  const list = Object.entries(outputs).map(([name, t]) => summarize(name, t));
  if (options.json) io.print(JSON.stringify({ outputs: list }));
  else if (list.length > 0) table(list.map(line), []).forEach(io.print);
}

export const runCommand = (io: Io): Command =>
  runningOptions(new Command('run'))
    .summary('run a model once and show its outputs')
    .description('Runs a model once: name, type, spread and first elements of each output.')
    .option('-o, --out <folder>', 'write each output as an .npy file')
    .option('-t, --threads <n>', 'threads of the run', integer(1))
    .option('--isa <name>', 'kernels for this ISA')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `
Examples:
  haio run model.onnx --input x=photo.npy --out results
  haio run voice.onnx --input input=float32[1,512]:zeros --input sr=16000
  haio run bert.onnx --size batch=1 --input input_ids=int64[1,64]:1000..20000`,
    )
    .action((path: string, options: Options) => run(path, options, io));
