/**
 * Tree ensembles against onnxruntime-node: random trees, turns interleaved, medians of the ratio.
 *   node dist/bench/trees.js [--threads N] [--turns N] [--depth N]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load } from '../lib/index.js';
import { classifier, regressor, rowsFor } from '../test/models/forest.js';
import { loadRival } from './rival.js';
import { median } from '../lib/runtime/statistics.js';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    turns: { type: 'string', default: '9' },
    depth: { type: 'string', default: '8' },
  },
});
const threads = Number(values.threads);
const FEATURES = 30;
const TREES = [100, 1000];
const ROWS = [1, 100, 10000];
/** milliseconds of a turn, and between two turns */
const TURN = 60;
const REST = 60;

const forest = (trees: number) => ({
  seed: trees,
  trees,
  depth: Number(values.depth),
  stop: 0.05,
  features: FEATURES,
});
/** Boosted trees with one output, and a forest whose leaves know all of four classes. */
const MODELS: Record<string, (trees: number) => Uint8Array> = {
  boosted: (trees) => regressor(forest(trees)),
  forest: (trees) =>
    classifier(
      { ...forest(trees), targets: () => [0, 1, 2, 3], weight: (r) => r.next() / trees },
      [0, 1, 2, 3],
    ),
};

type Run = () => Promise<unknown>;

async function turn(run: Run): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, REST));
  const started = performance.now();
  let runs = 0;
  do {
    await run();
    runs++;
  } while (performance.now() - started < TURN);
  return (performance.now() - started) / runs;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const folder = mkdtempSync(join(tmpdir(), 'haio-trees-'));
say(`${'model'.padEnd(10)} trees   rows    haio µs     ort µs   ort/haio`);
try {
  for (const [name, make] of Object.entries(MODELS))
    for (const trees of TREES) {
      const path = join(folder, `${name}-${trees}.onnx`);
      writeFileSync(path, make(trees));
      const haio = await load(path, { threads });
      const rival = await loadRival(path, threads);
      for (const rows of ROWS) {
        const { dtype, shape, data } = rowsFor(rows, rows, FEATURES);
        const feeds = { x: { type: dtype, dims: shape, data } };
        const runs: Run[] = [() => haio.run(feeds), ...(rival ? [() => rival.run(feeds)] : [])];
        for (const run of runs) for (let i = 0; i < 3; i++) await run();
        const times: number[][] = runs.map(() => []);
        for (let t = 0; t < Number(values.turns); t++)
          for (let i = 0; i < runs.length; i++) {
            const side = t % 2 === 0 ? i : runs.length - 1 - i;
            times[side]!.push(await turn(runs[side]!));
          }
        const [ours, theirs] = times.map(median);
        const ratio = median(times[0]!.map((t, i) => (times[1]?.[i] ?? NaN) / t));
        const micros = (ms: number | undefined): string =>
          ms === undefined ? '-'.padStart(10) : (ms * 1000).toFixed(1).padStart(10);
        say(
          `${name.padEnd(10)} ${String(trees).padStart(5)} ${String(rows).padStart(6)} ` +
            `${micros(ours)} ${micros(theirs)} ${ratio.toFixed(2).padStart(10)}`,
        );
      }
      await haio.release();
      await rival?.release();
    }
} finally {
  rmSync(folder, { recursive: true });
}
