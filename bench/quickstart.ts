/**
 * The main job on a real model: reads the text in an image with PP-OCRv4 detection and recognition,
 * then shows what became of both models on this CPU.
 *
 *   npm start [-- image.png]
 */
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { type Session, Tensor, load } from '../lib/index.js';
import { boxesOf, detectionInput } from './ocr/detect.js';
import { readImage } from './ocr/image.js';
import { decode, readKeys, recognitionInput } from './ocr/recognise.js';
import { loadRival } from './rival.js';
import { median } from '../lib/runtime/statistics.js';

const RUNS = 15;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const assets = join(root, 'node_modules', '@gutenye', 'ocr-models', 'assets');
const path = process.argv[2] ?? join(root, 'bench', 'ocr', 'sample.png');

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const mega = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

async function open(name: string, file: string): Promise<Session> {
  const started = performance.now();
  const session = await load(join(assets, file), {
    onProgress: (phase) => process.stderr.write(`  ${name}: ${phase} …\n`),
  });
  say(`${name}: compiled for ${session.isa} in ${(performance.now() - started).toFixed(0)} ms`);
  return session;
}

const only = async (session: Session, x: Tensor): Promise<Tensor> => {
  const outputs = await session.run({ [session.inputs[0]!.name]: x });
  return outputs[session.outputs[0]!.name]!;
};

async function medianTime(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  await run();
  for (let i = 0; i < RUNS; i++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return median(times);
}

async function report(name: string, file: string, session: Session, x: Tensor): Promise<void> {
  const own = await medianTime(() => only(session, x));
  const { memory, nodes } = session;
  say(`\n${name} ${x.type}[${x.dims.join(',')}]`);
  say(`  nodes       ${nodes.imported} in the model, ${nodes.optimized} after rewriting`);
  say(`  steps       ${session.steps} on ${session.isa}, ${session.threads} thread(s)`);
  say(`  weights     ${mega(memory.weights)}`);
  say(
    `  arena       ${mega(memory.arena)}; sum of all tensors ${mega(memory.tensors)}, lower bound ${mega(memory.lowerBound)}`,
  );
  const rival = await loadRival(join(assets, file), session.threads);
  if (!rival) {
    say(`  latency     ${own.toFixed(2)} ms median of ${RUNS}`);
    return;
  }
  const other = await medianTime(() => rival.run({ [session.inputs[0]!.name]: x }));
  say(
    `  latency     ${own.toFixed(2)} ms median of ${RUNS}; onnxruntime-node ${other.toFixed(2)} ms: ${(other / own).toFixed(2)}×`,
  );
  await rival.release();
}

const image = await readImage(path);
const detector = await open('detection', 'ch_PP-OCRv4_det_infer.onnx');
const reader = await open('recognition', 'ch_PP-OCRv4_rec_infer.onnx');
const keys = readKeys(join(assets, 'ppocr_keys_v1.txt'));

const found = await detectionInput(image);
const map = await only(detector, new Tensor('float32', found.data, found.dims));
const boxes = boxesOf(map.data as Float32Array, map.dims[3]!, map.dims[2]!, image);
say(`\n${path}: ${boxes.length} line(s) of text`);
for (const box of boxes) {
  const crop = await recognitionInput(image, box);
  const scores = await only(reader, new Tensor('float32', crop.data, crop.dims));
  const { text, confidence } = decode(scores.data as Float32Array, scores.dims[2]!, keys);
  say(`  ${confidence.toFixed(2)}  ${text}`);
}

await report(
  'detection',
  'ch_PP-OCRv4_det_infer.onnx',
  detector,
  new Tensor('float32', found.data, found.dims),
);
const first = await recognitionInput(
  image,
  boxes[0] ?? { left: 0, top: 0, width: 320, height: 48, score: 1 },
);
await report(
  'recognition',
  'ch_PP-OCRv4_rec_infer.onnx',
  reader,
  new Tensor('float32', first.data, first.dims),
);
await detector.release();
await reader.release();
