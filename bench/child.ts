/** One side of a measurement, in a process of its own: loads the model, then runs turns on request. */
import { type Precision, type RunProfile, load } from '../lib/index.js';
import { CATALOG, feedsOf, makeFeeds } from './catalog.js';
import { rivalModule } from './rival.js';

export interface Start {
  readonly side: 'haio' | 'onnxruntime';
  readonly model: string;
  readonly threads: number;
  readonly isa: string;
  readonly precision: Precision;
}
export interface Turn {
  /** at least this many milliseconds */
  readonly ms: number;
}
/** Asks haio's side for its profile. */
export interface Look {
  readonly profile: true;
}

type Run = () => Promise<unknown>;
let look: (() => Promise<RunProfile>) | null = null;

async function prepare({ side, model, threads, isa, precision }: Start): Promise<Run> {
  const spec = CATALOG.find((m) => m.name === model)!;
  if (side === 'haio') {
    const session = await load(spec.path!, { threads, precision, ...(isa ? { isa } : {}) });
    const feeds = feedsOf(spec, session);
    look = () => session.profile(feeds);
    return () => session.run(feeds);
  }
  const ort = rivalModule();
  if (!ort) throw new Error('onnxruntime-node is not installed in bench/rival');
  const session = (await ort.InferenceSession.create(spec.path!, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })) as Awaited<ReturnType<typeof ort.InferenceSession.create>> & { inputNames: string[] };
  const feeds = Object.fromEntries(
    Object.entries(makeFeeds(spec, session.inputNames)).map(([k, t]) => [
      k,
      new ort.Tensor(t.type, t.data, t.dims),
    ]),
  );
  return () => session.run(feeds);
}

let run: Run;
process.on('message', (message: Start | Turn | Look) => {
  void (async () => {
    try {
      if ('side' in message) {
        const started = performance.now();
        run = await prepare(message);
        await run();
        const first = performance.now() - started;
        for (let i = 0; i < 3; i++) await run();
        process.send!({ first, rss: process.memoryUsage().rss });
        return;
      }
      if ('profile' in message) {
        process.send!({ profile: await look!() });
        return;
      }
      const times: number[] = [];
      const end = performance.now() + message.ms;
      do {
        const started = performance.now();
        await run();
        times.push(performance.now() - started);
      } while (performance.now() < end);
      times.sort((a, b) => a - b);
      process.send!({ median: times[times.length >> 1], count: times.length });
    } catch (e) {
      process.send!({ error: e instanceof Error ? e.message : String(e) });
    }
  })();
});
