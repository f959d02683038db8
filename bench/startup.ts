/**
 * From nothing to the first result, against onnxruntime-node: fresh processes in turns (A B, B A, …),
 * medians. Import of the package, load and first run; the making of inputs is not counted. 'kept': haio once
 * more, with what the option `cache` has kept.
 *   node dist/bench/startup.js [--models REGEX] [--turns N] [--threads N]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { TensorLike } from '../lib/index.js';
import { median } from '../lib/runtime/statistics.js';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '^(silero_vad_v5|ppocr|minilm-128|resnet50|squeeze|dense)' },
    turns: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    child: { type: 'string' },
    model: { type: 'string' },
  },
});
const threads = Number(values.threads);
const SIDES = ['haio', 'onnxruntime', 'kept'] as const;
/** where compiles are kept for this benchmark */
const CACHE = 'HAIO_STARTUP_CACHE';
/** this package as its users import it */
const PACKAGE: string = 'haio';

const folder = values.child === undefined ? mkdtempSync(join(tmpdir(), 'haio-startup-')) : '';

interface Times {
  /** milliseconds */
  readonly load: number;
  readonly run: number;
  /** milliseconds of all threads */
  readonly cpu: number;
  /** bytes of the largest resident set, and before anything was loaded */
  readonly peak: number;
  readonly before: number;
}

function resident(field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN) * 1024;
}
const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

type Run = (feeds: Readonly<Record<string, TensorLike>>) => Promise<unknown>;

async function openHaio(
  path: string,
  cache: boolean | string,
): Promise<{ names: readonly string[]; run: Run }> {
  const { load } = (await import(PACKAGE)) as typeof import('../lib/index.js');
  const session = await load(path, { threads, cache });
  return { names: session.inputs.map((i) => i.name), run: (feeds) => session.run(feeds) };
}

async function openRival(path: string): Promise<{ names: readonly string[]; run: Run }> {
  const { rivalModule } = await import('./rival.js');
  const ort = rivalModule();
  if (!ort) throw new Error('onnxruntime-node is not installed in bench/rival');
  const session = (await ort.InferenceSession.create(path, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  })) as Awaited<ReturnType<typeof ort.InferenceSession.create>> & { inputNames: string[] };
  return { names: session.inputNames, run: (feeds) => session.run(feeds) };
}

async function child(side: string, model: string): Promise<Times> {
  const { CATALOG, makeFeeds } = await import('./catalog.js');
  const spec = CATALOG.find((m) => m.name === model)!;
  const before = resident('VmRSS');
  const [started, spent] = [performance.now(), cpu()];
  const { names, run } = await (side === 'onnxruntime'
    ? openRival(spec.path!)
    : openHaio(spec.path!, side === 'kept' && process.env[CACHE]!));
  const loaded = performance.now();
  const used = cpu() - spent;
  let feeds: Readonly<Record<string, TensorLike>> = makeFeeds(spec, names);
  if (side === 'onnxruntime') {
    const ort = (await import('./rival.js')).rivalModule()!;
    feeds = Object.fromEntries(
      Object.entries(feeds).map(([k, t]) => [k, new ort.Tensor(t.type, t.data, t.dims)]),
    );
  }
  const [ready, more] = [performance.now(), cpu()];
  await run(feeds);
  const run1 = performance.now() - ready;
  const peak = resident('VmHWM');
  return { load: loaded - started, run: run1, cpu: used + cpu() - more, peak, before };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function ask(side: string, model: string): Times {
  const self = fileURLToPath(import.meta.url);
  const args = [self, '--child', side, '--model', model, '--threads', String(threads)];
  const env = { ...process.env, [CACHE]: folder };
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`${side} ${model}: ${stderr}`);
  return JSON.parse(line) as Times;
}

async function compareAll(): Promise<void> {
  const { CATALOG } = await import('./catalog.js');
  say(
    `${'model'.padEnd(18)} ort ms  haio ms (load + run)   ratio     kept   ratio   cpu ort   cpu haio   peak/file ort   haio`,
  );
  for (const { name, path } of CATALOG.filter((m) => new RegExp(values.models).test(m.name))) {
    if (path === null) continue;
    const times: Times[][] = [[], [], []];
    // once before, so that it is kept
    ask('kept', name);
    for (let turn = 0; turn < Number(values.turns); turn++)
      for (const i of turn % 2 === 0 ? [0, 1, 2] : [2, 1, 0]) times[i]!.push(ask(SIDES[i]!, name));
    const [haio, ort, kept] = times as [Times[], Times[], Times[]];
    const total = (t: Times): number => t.load + t.run;
    const against = (list: readonly Times[]): string =>
      median(list.map((t, i) => total(t) / total(ort[i]!))).toFixed(2);
    const size = statSync(path).size;
    const of = (list: readonly Times[], f: (t: Times) => number): string =>
      median(list.map(f)).toFixed(0);
    const memory = (list: readonly Times[]): string =>
      (median(list.map((t) => t.peak - t.before)) / size).toFixed(2);
    say(
      `${name.padEnd(18)} ${of(ort, total).padStart(6)} ${of(haio, total).padStart(8)} ` +
        `(${of(haio, (t) => t.load)} + ${of(haio, (t) => t.run)})`.padEnd(17) +
        `${against(haio).padStart(8)} ${of(kept, total).padStart(8)} ${against(kept).padStart(7)} ${of(ort, (t) => t.cpu).padStart(9)} ` +
        `${of(haio, (t) => t.cpu).padStart(10)} ${memory(ort).padStart(15)} ${memory(haio).padStart(6)}`,
    );
  }
}

if (values.child !== undefined) {
  say(JSON.stringify(await child(values.child, values.model!)));
  // what is to be kept is kept before the process ends by itself
  if (values.child !== 'kept') process.exit(0);
} else {
  try {
    await compareAll();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
