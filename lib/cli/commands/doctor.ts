import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { HaioError } from '../../errors.js';
import { type HardwareProfile, Tensor, hardwareProfile, load } from '../../index.js';
import { addonPath, loadAddon, platformOf } from '../../native/binding.js';
import type { Inspection } from '../../native/types.js';
import { encodeModel, graph, modelOf, node, valueInfo } from '../../onnx/export.js';
import { formatBytes } from '../../plan/explain.js';
import { chooseIsa } from '../../runtime/isa.js';
import { fromNumbers } from '../../tensor/tensor.js';
import { type Io, row } from '../output.js';

/** y = max(x·w + b, 0) for two rows, and what must come out. */
const TEST = {
  x: [1, 2, 3, -1, 0, 1],
  w: [1, -1, 0, 2, 1, -3],
  b: [0.5, 1],
  y: [4.5, 0, 0.5, 0],
};

const testModel = (): Uint8Array =>
  encodeModel(
    modelOf(
      graph(
        [
          node('MatMul', ['x', 'w'], ['p']),
          node('Add', ['p', 'b'], ['s']),
          node('Relu', ['s'], ['y']),
        ],
        [valueInfo('x', 'float32', ['n', 3])],
        [valueInfo('y', 'float32', ['n', 2])],
        {
          w: fromNumbers('float32', [3, 2], TEST.w),
          b: fromNumbers('float32', [2], TEST.b),
        },
      ),
      17,
    ),
  );

/** 'fine', or what went wrong when a tiny model was compiled for the ISA and run. */
async function selfTest(isa: string): Promise<string> {
  try {
    await using session = await load(testModel(), { isa });
    const { y } = await session.run({ x: new Tensor('float32', TEST.x, [2, 3]) });
    const got = [...(y!.data as Float32Array)];
    return got.every((v, i) => v === TEST.y[i])
      ? 'fine'
      : `wrong: ${got.join(' ')} for ${TEST.y.join(' ')}`;
  } catch (e) {
    if (e instanceof HaioError) return `failed: ${e.message} (${e.code})`;
    throw e;
  }
}

interface Host {
  readonly brand?: string;
  readonly memory?: string;
}

/** milliseconds that the report waits for what is only nice to know */
const PATIENCE = 3000;

/** What the operating system tells of the machine; nothing where it does not. */
async function hostOf(): Promise<Host> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Host>((give) => {
    timer = setTimeout(() => give({}), PATIENCE);
  });
  const ask = async (): Promise<Host> => {
    const { default: si } = await import('systeminformation');
    const [cpu, mem] = await Promise.all([si.cpu(), si.mem()]);
    const brand = [cpu.manufacturer, cpu.brand].filter(Boolean).join(' ');
    return {
      ...(brand ? { brand } : {}),
      ...(mem.total > 0
        ? { memory: `${formatBytes(mem.total)}, ${formatBytes(mem.available)} available` }
        : {}),
    };
  };
  try {
    return await Promise.race([ask().catch(() => ({})), late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Options {
  readonly json?: boolean;
  readonly refresh?: boolean;
}

/** Long lists of words in lines of at most 88 columns. */
function wrap(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 88)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const isaLines = ({ isas, gemm }: Inspection, chosen: string): string[] =>
  [...isas]
    .sort((a, b) => b.priority - a.priority)
    .map(({ name, usable, missing }) => {
      const rows = gemm.filter((g) => g.isa === name).map((g) => g.name);
      const state = !usable
        ? `not usable here, the CPU lacks ${missing.join(', ')}`
        : name === chosen
          ? 'usable, chosen'
          : 'usable';
      return `${name}: ${state}; gemm ${rows.join(', ') || 'none'}`;
    });

const cacheText = ({ level, bytes, sharedBy }: Inspection['caches'][number]): string =>
  `L${level} ${formatBytes(bytes)}${sharedBy > 1 ? ` for ${sharedBy} cores` : ''}`;

function measuredLines(io: Io, { isas, bandwidth, overhead }: HardwareProfile): void {
  const peaks = Object.entries(isas).map(
    ([isa, { fma, gemm }]) =>
      `${isa} ${fma.toFixed(0)} GFLOP/s in registers, ${gemm.toFixed(0)} in a matrix product`,
  );
  const rates = bandwidth.map(
    ({ bytes, one, all }) =>
      `${formatBytes(bytes)}: ${one.toFixed(0)} GB/s on one thread, ${all.toFixed(0)} on all cores`,
  );
  row(io.print, 'peak', peaks);
  row(io.print, 'reading', rates);
  const { step, fork } = overhead;
  row(io.print, 'overhead', [`${step} ns a run of nothing, ${fork} ns more to share it`]);
}

async function doctor(version: string, { json, refresh }: Options, io: Io): Promise<void> {
  const say = (name: string, ...lines: string[]): void => {
    if (!json) row(io.print, name, lines);
  };
  say('haio', version);
  say('platform', platformOf());
  const addon = loadAddon();
  say('addon', addonPath()!);
  const found = addon.inspect();
  const chosen = chooseIsa(undefined);
  const tests: Record<string, string> = {};
  for (const { name, usable, width } of found.isas)
    if (usable && width) {
      io.progress(`self test on ${name}`);
      tests[name] = await selfTest(name);
    }
  io.progress('measuring this machine');
  const measured = await hardwareProfile({ refresh: refresh ?? false });
  io.progress(null);
  if (Object.values(tests).some((t) => t !== 'fine')) io.exitCode = 1;
  if (json) {
    const { ops, ...about } = found;
    const head = { version, platform: platformOf(), addon: addonPath() };
    const { isas, bandwidth, overhead, hash } = measured;
    const profile = { isas, bandwidth, overhead, hash };
    io.print(
      JSON.stringify({
        ...{ ...head, ...about },
        ...{ ops: ops.length, chosen, selfTest: tests, measured: profile },
      }),
    );
    return;
  }
  const { brand, memory } = await hostOf();
  const { vendor, model, arch, cores, caches, features, ops } = found;
  say('cpu', brand ?? ([vendor, model].filter(Boolean).join(' ') || arch));
  if (brand !== undefined && model !== '') say('', `${vendor} ${model}`);
  if (memory !== undefined) say('memory', memory);
  say('cores', `${cores.online} online, ${cores.usable} usable (Node: ${availableParallelism()})`);
  if (caches.length > 0) say('caches', caches.map(cacheText).join(', '));
  measuredLines(io, measured);
  say('features', ...wrap(features));
  say('isas', ...isaLines(found, chosen));
  say('kernels', `${ops.length}`);
  const results = Object.entries(tests).map(([isa, result]) => `${isa} ${result}`);
  say('self test', `a tiny model compiled and run: ${results.join(', ')}`);
}

export const doctorCommand = (io: Io, version: string): Command =>
  new Command('doctor')
    .summary('show what this machine has and which addon was loaded')
    .description(
      'Shows the addon, the CPU and which ISAs are usable on it (or what is missing), runs a tiny ' +
        'model on each (exit code 1 when that fails), and measures what the machine can do, once: ' +
        "the profile is kept in the user's cache folder (HAIO_CACHE names another).",
    )
    .option('--refresh', 'measure anew, though there is a stored profile')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  haio doctor')
    .action((options: Options) => doctor(version, options, io));
