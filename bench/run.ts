/**
 * haio against onnxruntime-node on every model: a fresh process for each side, model and thread
 * count, turns interleaved (A B, B A, …), medians, the ratio pair by pair. Between turns both rest
 * until no thread of the side before spins any more (onnxruntime's do for about 35 ms).
 *
 *   npm run bench -- [--models REGEX] [--threads 1,2] [--turns N] [--ms N] [--isa NAME]
 *     [--precision fp32|bf16] [--json FILE] [--html FILE] [--baseline FILE]
 *
 * --html also shows each step of each model; --baseline, a file that --json wrote, adds how many times
 * faster haio has become since (times scaled by onnxruntime-node's then and now).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Precision, type RunProfile, hardwareProfile } from '../lib/index.js';
import { CATALOG } from './catalog.js';
import type { Look, Start, Turn } from './child.js';
import { benchPage, gainOf } from './page.js';
import { type Row, against, geomean, readRows } from './rows.js';
import { median } from '../lib/runtime/statistics.js';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '' },
    threads: { type: 'string', default: '1,2' },
    turns: { type: 'string', default: '9' },
    ms: { type: 'string', default: '60' },
    isa: { type: 'string', default: '' },
    precision: { type: 'string', default: 'fp32' },
    json: { type: 'string' },
    html: { type: 'string' },
    baseline: { type: 'string' },
  },
});

interface Reply {
  readonly error?: string;
  readonly first?: number;
  readonly rss?: number;
  readonly median?: number;
  readonly profile?: RunProfile;
}
/** milliseconds between two turns */
const REST = 60;
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, REST));

function ask(child: ChildProcess, message: Start | Turn | Look): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the process ended'));
    child.once('exit', ended);
    child.once('message', (reply: Reply) => {
      child.off('exit', ended);
      if (reply.error === undefined) resolve(reply);
      else reject(new Error(reply.error));
    });
    child.send(message);
  });
}

const profiles: { readonly name: string; readonly profile: RunProfile }[] = [];

async function measure(model: string, threads: number): Promise<Row> {
  const script = fileURLToPath(new URL('./child.js', import.meta.url));
  const children = [fork(script), fork(script)] as const;
  try {
    const sides = ['haio', 'onnxruntime'] as const;
    const first: number[] = [];
    for (const i of [0, 1] as const) {
      const precision = values.precision as Precision;
      const start: Start = { side: sides[i], model, threads, isa: values.isa, precision };
      first.push((await ask(children[i], start)).first!);
    }
    const times: [number[], number[]] = [[], []];
    for (let turn = 0; turn < Number(values.turns); turn++)
      for (const i of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        await rest();
        times[i].push((await ask(children[i], { ms: Number(values.ms) })).median!);
      }
    if (values.html !== undefined) {
      const { profile } = await ask(children[0], { profile: true });
      profiles.push({ name: `${model}, ${threads} thr`, profile: profile! });
    }
    const ratios = times[0].map((t, i) => times[1][i]! / t);
    return {
      model,
      threads,
      haio: median(times[0]),
      onnxruntime: median(times[1]),
      ratio: median(ratios),
      low: Math.min(...ratios),
      high: Math.max(...ratios),
      firstHaio: first[0]!,
      firstOnnxruntime: first[1]!,
    };
  } finally {
    for (const child of children) child.kill();
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const cell = (x: string | number, width: number): string =>
  (typeof x === 'number' ? x.toFixed(x < 1 ? 3 : x < 100 ? 2 : 1) : x).padStart(width);

const earlier = values.baseline === undefined ? [] : readRows(values.baseline);
say(
  `${'model'.padEnd(20)} thr   haio ms    ort ms   ratio (spread)      first run haio / ort ms${earlier.length > 0 ? '   since' : ''}`,
);
const rows: Row[] = [];
const missing: string[] = [];
for (const spec of CATALOG) {
  if (!new RegExp(values.models).test(spec.name)) continue;
  if (spec.path === null) {
    missing.push(spec.name);
    continue;
  }
  for (const threads of values.threads.split(',').map(Number)) {
    try {
      const r = against(await measure(spec.name, threads), earlier);
      rows.push(r);
      say(
        `${r.model.padEnd(20)} ${threads}  ${cell(r.haio, 9)} ${cell(r.onnxruntime, 9)}  ${cell(r.ratio, 6)} (${r.low.toFixed(2)}–${r.high.toFixed(2)})  ${cell(r.firstHaio, 9)} / ${cell(r.firstOnnxruntime, 8)}   ${gainOf(r)}`.trimEnd(),
      );
    } catch (e) {
      say(`${spec.name.padEnd(20)} ${threads}  failed: ${(e as Error).message}`);
      process.exitCode = 1;
    }
  }
}
for (const { threads, count, mean, low } of geomean(rows))
  say(
    `geomean of ${count} models at ${threads} thread(s): ${mean.toFixed(3)}×; lowest ${low.toFixed(2)}×`,
  );
if (missing.length > 0) say(`not installed: ${missing.join(', ')}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
if (values.html !== undefined) {
  const { cpu, cores } = await hardwareProfile();
  const facts = [
    ['processor', `${cpu.model}, ${cores.usable} cores`],
    ['precision', values.precision],
    ['ISA', values.isa || 'best'],
    [
      'turns',
      `${values.turns} of at least ${values.ms} ms on each side, after three runs to warm up`,
    ],
    ['date', new Date().toISOString().slice(0, 10)],
  ] as const;
  writeFileSync(values.html, benchPage('haio and onnxruntime-node', facts, rows, profiles));
}
