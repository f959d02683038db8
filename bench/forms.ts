/**
 * Models in the forms of low precision that are handed around (float16, QDQ, dynamic int8, 8- and 4-bit
 * weights): does haio say what onnxruntime-node says? Prints the least cosine over the outputs, on every
 * ISA of this machine, with onnxruntime's outputs as it optimizes the graph, as it runs it as written, and of
 * these two with one another: rounding to integers makes small differences large. Fails where neither of the
 * two is as near as 0.999.
 *
 *   node dist/bench/forms.js [--models REGEX] [--isas NAME,…] [--runs 3]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Tensor, type TensorLike, load, quantize } from '../lib/index.js';
import { usableIsas } from '../lib/runtime/isa.js';
import { median } from '../lib/runtime/statistics.js';
import type { Tensor as Plain } from '../lib/tensor/tensor.js';
import { encodeSentences, minilmModel, minilmTokenizer } from '../test/models/minilm.js';
import { CATALOG, type ModelSpec, makeFeeds } from './catalog.js';
import { loadRival } from './rival.js';
import { halves } from './zoo/halves.js';
import { ZOO } from './zoo/index.js';

const LEAST = 0.999;
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '' },
    isas: { type: 'string', default: usableIsas().join(',') },
    runs: { type: 'string', default: '3' },
  },
});
const RUNS = Number(values.runs);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const specOf = (name: string): ModelSpec => CATALOG.find((m) => m.name === name)!;

interface Form {
  readonly name: string;
  readonly spec: ModelSpec;
  readonly make: () => Uint8Array | Promise<Uint8Array>;
}
type Outputs = Readonly<Record<string, TensorLike>>;

type Feeds = ReturnType<typeof makeFeeds>;

const TEXTS = [
  'A man is eating a piece of bread.',
  'The new version reads its settings from a file beside the program.',
  'How long does the train from the old harbour to the airport take on Sundays?',
  'Small models that know one thing well are cheaper than large ones that know everything.',
];
const sentences = (): Feeds =>
  Object.fromEntries(
    Object.entries(encodeSentences(minilmTokenizer(), TEXTS)).map(([name, t]: [string, Plain]) => [
      name,
      new Tensor(t.dtype, t.data as BigInt64Array, t.shape),
    ]),
  );
const feedsOf = (spec: ModelSpec): Feeds =>
  spec.name.startsWith('minilm')
    ? sentences()
    : makeFeeds(
        spec,
        spec.inputs.map((i) => i.name),
      );

/** The forms of one float model. */
function formsOf(name: string, spec: ModelSpec, model: () => Uint8Array): Form[] {
  const quantized =
    (mode: 'static' | 'dynamic' | 'weights8' | 'weights4') => async (): Promise<Uint8Array> => {
      const calibration = mode === 'static' ? [feedsOf(spec)] : [];
      return (await quantize(model(), { mode, calibration, holdBack: 0, faster: false })).model;
    };
  return [
    { name: `${name}, float16`, spec, make: () => halves(model()) },
    { name: `${name}, QDQ`, spec, make: quantized('static') },
    { name: `${name}, dynamic`, spec, make: quantized('dynamic') },
    { name: `${name}, 8-bit weights`, spec, make: quantized('weights8') },
    { name: `${name}, 4-bit weights`, spec, make: quantized('weights4') },
  ];
}
/** Of models without trained weights those forms that every layer is in. */
const zooForms = (name: keyof typeof ZOO): Form[] =>
  formsOf(name, specOf(`zoo-${name}`), () => ZOO[name]!.full()).slice(0, 2);
const installed = (name: string): Form[] => {
  const spec = specOf(name);
  return spec.path === null ? [] : [{ name, spec, make: () => readFileSync(spec.path!) }];
};
const forms: readonly Form[] = [
  ...formsOf('minilm', specOf('minilm-128'), minilmModel),
  ...['resnet50', 'mobilenet_v2', 'mobilenet_v3', 'efficientnet_b0', 'yolo'].flatMap(zooForms),
  ...['bert_base', 'vit_b16', 'whisper_encoder'].flatMap(zooForms),
  ...installed('isnet-fp16'),
  ...installed('isnet-int8'),
];

/** The least cosine of an output of `b` with the same of `a`. */
function leastCosine(a: Outputs, b: Outputs): number {
  const each = Object.entries(a).map(([name, { data }]) => {
    const [x, y] = [data as Float32Array, b[name]!.data as Float32Array];
    if (x.length !== y.length) throw new Error(`${name}: ${y.length} elements, not ${x.length}`);
    let [xy, xx, yy] = [0, 0, 0];
    for (let i = 0; i < x.length; i++) {
      const [p, q] = [Number(x[i]), Number(y[i])];
      [xy, xx, yy] = [xy + p * q, xx + p * p, yy + q * q];
    }
    return xx === 0 && yy === 0 ? 1 : xy / Math.sqrt(xx * yy);
  });
  return Math.min(...each);
}

interface Side {
  readonly run: () => Promise<Outputs>;
  readonly release: () => Promise<void>;
}
async function timed(side: Side, runs: number): Promise<{ outputs: Outputs; time: number }> {
  const outputs = await side.run();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const started = performance.now();
    await side.run();
    times.push(performance.now() - started);
  }
  await side.release();
  return { outputs, time: median(times) };
}

async function compare({ name, spec }: Form, path: string): Promise<void> {
  const feeds = feedsOf(spec);
  const theirs = async (level: string, runs: number): ReturnType<typeof timed> => {
    const rival = await loadRival(path, 1, { graphOptimizationLevel: level });
    if (!rival) throw new Error('onnxruntime-node is not installed in bench/rival');
    return timed({ run: () => rival.run(feeds), release: () => rival.release() }, runs);
  };
  const [optimized, written] = [await theirs('all', RUNS), await theirs('disabled', 0)];
  const mutual = leastCosine(optimized.outputs, written.outputs);
  for (const isa of values.isas.split(',')) {
    const session = await load(path, { isa, threads: 1 });
    const run = (): Promise<Outputs> => session.run(feeds);
    const own = await timed({ run, release: () => session.release() }, RUNS);
    const near = [optimized, written].map((t) => leastCosine(t.outputs, own.outputs));
    const cosines = [...near, mutual].map((c) => c.toFixed(6)).join(' ');
    const times = `${own.time.toFixed(1)} ms, onnxruntime ${optimized.time.toFixed(1)} ms`;
    say(`${name.padEnd(30)} ${isa.padEnd(11)} ${cosines}  ${times}`);
    if (!(Math.max(...near) >= LEAST)) process.exitCode = 1;
  }
}

say(`${''.padEnd(30)} ${'ISA'.padEnd(11)} optimized as written mutual`);
const folder = mkdtempSync(join(tmpdir(), 'haio-forms-'));
try {
  for (const form of forms.filter((f) => new RegExp(values.models).test(f.name))) {
    const path = join(folder, 'model.onnx');
    try {
      writeFileSync(path, await form.make());
      await compare(form, path);
    } catch (e) {
      say(`${form.name.padEnd(32)} ${(e as Error).message}`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
