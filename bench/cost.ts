/**
 * The cost model against measured runs of the catalog's models: node dist/bench/cost.js [threads] [names].
 * Of each model the predicted and the median measured time, and Kendall's tau over the times of its steps; of
 * all models the median error, and tau over all steps.
 */
import { hardwareProfile, load } from '../lib/index.js';
import { kendallTau, median } from '../lib/runtime/statistics.js';
import { CATALOG, feedsOf } from './catalog.js';

const [threads = '1', ...names] = process.argv.slice(2);
/** ms of measuring for one model */
const PATIENCE = 400;

await hardwareProfile();
const errors: number[] = [];
const all: [number, number][] = [];
for (const spec of CATALOG) {
  if (spec.path === null || (names.length > 0 && !names.includes(spec.name))) continue;
  await using session = await load(spec.path, { threads: Number(threads) });
  const feeds = feedsOf(spec, session);
  await session.run(feeds);
  const times: number[] = [];
  const end = performance.now() + PATIENCE;
  while (times.length < 3 || (performance.now() < end && times.length < 300)) {
    const started = performance.now();
    await session.run(feeds);
    times.push((performance.now() - started) * 1000);
  }
  const { predicted, steps } = await session.profile(feeds, { runs: 3, warmUp: 1 });
  const pairs = steps.flatMap((s): [number, number][] =>
    s.predicted === null ? [] : [[s.predicted, s.micros]],
  );
  const measured = median(times);
  errors.push(Math.abs(predicted / measured - 1));
  all.push(...pairs);
  const error = (100 * (predicted / measured - 1)).toFixed(1);
  const line = [
    spec.name.padEnd(20),
    `${(predicted / 1000).toFixed(3)} ms predicted`,
    `${(measured / 1000).toFixed(3)} ms measured`,
    `${error} %`,
    `tau ${kendallTau(pairs).toFixed(2)}`,
  ];
  process.stdout.write(`${line.join('  ')}\n`);
}
process.stdout.write(
  `${errors.length} models: median error ${(100 * median(errors)).toFixed(1)} %, ` +
    `tau over ${all.length} steps ${kendallTau(all).toFixed(2)}\n`,
);
