/**
 * Resident memory over many shapes and over many loads: flat after the first tenth.
 *
 *   node --expose-gc dist/bench/memory.js [--shapes 10000] [--loads 100] [--models minilm,ppocr-det]
 */
import { parseArgs } from 'node:util';
import { type Session, type Tensor, load } from '../lib/index.js';
import { CATALOG, type ModelSpec, makeInput, random } from './catalog.js';

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: '10000' },
    loads: { type: 'string', default: '100' },
    models: { type: 'string', default: 'minilm-16,ppocr-det' },
    points: { type: 'string', default: '20' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const next = random(7);
const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));

/** Random sizes for one run of a model: a batch and a length, or a height and a width. */
function shapesOf({ name }: ModelSpec): (dims: readonly number[]) => number[] {
  if (name.startsWith('minilm')) {
    const [batch, length] = [between(1, 4), between(4, 64)];
    return () => [batch, length];
  }
  const [height, width] = [32 * between(1, 6), 32 * between(1, 6)];
  return (dims) => [dims[0]!, dims[1]!, height, width];
}

function feedsOf(spec: ModelSpec): Record<string, Tensor> {
  const shape = shapesOf(spec);
  return Object.fromEntries(
    spec.inputs.map((input, i) => [
      input.name,
      makeInput({ ...input, dims: shape(input.dims) }, i + 1),
    ]),
  );
}

/** milliseconds after which the compile worker has ended */
const REST = 2500;
const collect = (globalThis as { gc?: () => void }).gc;
/** Resident megabytes at rest, once what JavaScript can free is freed. */
async function resident(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, REST));
  for (let i = 0; i < 2; i++) {
    collect?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().rss / 1e6;
}

/** Does `work` `count` times, prints a curve, and how much it rose after the first tenth. */
async function curve(
  title: string,
  count: number,
  work: () => Promise<void>,
  more: () => string = () => '',
): Promise<void> {
  const points: number[] = [];
  const every = Math.max(1, Math.floor(count / Number(values.points)));
  for (let i = 1; i <= count; i++) {
    await work();
    if (i % every === 0 || i === Math.ceil(count / 10)) points.push(await resident());
  }
  const first = points[Math.ceil(points.length / 10)]!;
  const rise = Math.max(...points.slice(Math.ceil(points.length / 10))) - first;
  say(
    `${title}: ${points.map((p) => p.toFixed(0)).join(' ')} MB; +${rise.toFixed(1)} MB ${more()}`,
  );
}

for (const name of values.models.split(',')) {
  const spec = CATALOG.find((m) => m.name === name);
  if (!spec?.path) {
    say(`${name} is not installed`);
    continue;
  }
  const { path } = spec;
  const session: Session = await load(path);
  await curve(
    `${name}, ${values.shapes} random shapes`,
    Number(values.shapes),
    async () => {
      await session.run(feedsOf(spec));
    },
    () => `(bound plans ${(session.memory.plans / 1e6).toFixed(1)} MB)`,
  );
  await session.release();
  await curve(`${name}, ${values.loads} loads`, Number(values.loads), async () => {
    const s = await load(path);
    await s.run(feedsOf(spec));
    await s.release();
  });
}
