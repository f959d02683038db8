/**
 * Is the event loop free, and does memory stay flat? Prints, for haio and (where installed)
 * onnxruntime-node, the longest gap of a 1 ms timer
 *   - during 20 concurrent runs of ResNet-50,
 *   - during a burst of 1,000 tiny runs,
 *   - while a model of 100 MB is loaded,
 * and for haio how soon a run of ISNet at 1024×1024 stops when it is aborted, the cost of binding and the
 * resident memory over 200 lengths of MiniLM.
 *
 *   node --expose-gc dist/bench/loop.js [haio|onnxruntime]
 */
import { CATALOG, feedsOf, makeFeeds, makeInput } from './catalog.js';
import { rivalModule } from './rival.js';
import { type Session, Tensor, load } from '../lib/index.js';

type Run = () => Promise<unknown>;
const side = process.argv[2] === 'onnxruntime' ? 'onnxruntime' : 'haio';
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const specOf = (name: string) => CATALOG.find((m) => m.name === name);

async function open(name: string): Promise<Run | null> {
  const spec = specOf(name);
  if (!spec?.path) return null;
  if (side === 'haio') {
    const session = await load(spec.path);
    const feeds = feedsOf(spec, session);
    return () => session.run(feeds);
  }
  const ort = rivalModule();
  if (!ort) throw new Error('onnxruntime-node is not installed in bench/rival');
  const session = await ort.InferenceSession.create(spec.path, { logSeverityLevel: 3 });
  const names = (session as unknown as { inputNames: string[] }).inputNames;
  const feeds = Object.fromEntries(
    Object.entries(makeFeeds(spec, names)).map(([k, t]) => [
      k,
      new ort.Tensor(t.type, t.data, t.dims),
    ]),
  );
  return () => session.run(feeds);
}

/** Longest time between two ticks of a 1 ms timer while `work` goes on, and how long it took. */
async function longestGap(work: Run): Promise<{ gap: number; total: number }> {
  const started = performance.now();
  let last = started;
  let gap = 0;
  const look = (): void => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  await work();
  look();
  clearInterval(timer);
  return { gap, total: performance.now() - started };
}

async function report(what: string, work: Run): Promise<void> {
  const { gap, total } = await longestGap(work);
  say(`${what.padEnd(44)} longest gap ${gap.toFixed(1).padStart(8)} ms of ${total.toFixed(0)} ms`);
}

say(side);
const resnet = await open('resnet50');
if (resnet) {
  await resnet();
  await report('20 concurrent runs of ResNet-50', () =>
    Promise.all(Array.from({ length: 20 }, resnet)),
  );
}
const tiny = await open('wakeword');
if (tiny) {
  for (let i = 0; i < 50; i++) await tiny();
  await report('burst of 1,000 tiny runs', () => Promise.all(Array.from({ length: 1000 }, tiny)));
}
const big = specOf('resnet50')?.path;
if (big)
  await report('load of a 100 MB model', () =>
    side === 'haio' ? load(big) : rivalModule()!.InferenceSession.create(big, {}),
  );

/** Milliseconds from abort to rejection, at 40 moments of a run. */
async function aborts(model: string, threads: number): Promise<void> {
  const spec = specOf(model);
  if (!spec?.path) return;
  const session = await load(spec.path, { threads });
  const feeds = feedsOf(spec, session);
  await session.run(feeds);
  const started = performance.now();
  await session.run(feeds);
  const whole = performance.now() - started;
  const late: number[] = [];
  for (let i = 0; i < 40; i++) {
    const stop = new AbortController();
    const run = session.run(feeds, { signal: stop.signal }).then(
      () => null,
      () => performance.now(),
    );
    await new Promise((resume) => setTimeout(resume, (whole * (i + 0.5)) / 41));
    const at = performance.now();
    stop.abort();
    const ended = await run;
    if (ended !== null) late.push(ended - at);
  }
  late.sort((a, b) => a - b);
  say(
    `abort of ${model}, ${whole.toFixed(0)} ms on ${threads} thread(s)`.padEnd(45) +
      `median ${late[late.length >> 1]!.toFixed(2)} ms, longest ${late.at(-1)!.toFixed(2)} ms of ${late.length}`,
  );
  await session.release();
}
if (side === 'haio')
  for (const model of ['isnet-fp16', 'isnet-int8'])
    for (const threads of [1, 2]) await aborts(model, threads);

/** Times of runs at lengths never seen before, beside the time of the same run again. */
async function lengths(session: Session): Promise<void> {
  const spec = specOf('minilm-16')!;
  const feedsOf = (n: number): Record<string, Tensor> =>
    Object.fromEntries(spec.inputs.map((i, at) => [i.name, makeInput({ ...i, dims: [1, n] }, at)]));
  const order = Array.from({ length: 200 }, (_, i) => 1 + ((i * 77) % 200));
  const extra: number[] = [];
  const rss: number[] = [];
  for (const n of order) {
    const feeds = feedsOf(n);
    const time = async (): Promise<number> => {
      const started = performance.now();
      await session.run(feeds);
      return performance.now() - started;
    };
    const first = await time();
    const again = [await time(), await time(), await time()].sort((a, b) => a - b)[1]!;
    extra.push(first - again);
    (globalThis as { gc?: () => void }).gc?.();
    rss.push(process.memoryUsage().rss / 2 ** 20);
  }
  const sorted = [...extra].sort((a, b) => a - b);
  say(
    `a new length costs                           first ${extra[0]!.toFixed(2)} ms, median ${sorted[100]!.toFixed(2)} ms, worst ${sorted[199]!.toFixed(2)} ms`,
  );
  say(
    `resident memory after 20 and 200 lengths     ${rss[19]!.toFixed(0)} MiB, ${rss[199]!.toFixed(0)} MiB`,
  );
}
const sentence = specOf('minilm-16');
if (side === 'haio' && sentence?.path) await lengths(await load(sentence.path));
process.exit();
