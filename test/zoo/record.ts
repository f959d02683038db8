/** Writes what onnxruntime-node makes of the small models: node dist/test/zoo/record.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRival, rivalModule } from '../../bench/rival.js';
import { type MakeTensor, decode } from '../../bench/zoo/generate.js';
import { ZOO } from '../../bench/zoo/index.js';
import { signatureOf } from '../../lib/onnx/import.js';
import { DECODERS, PROMPT } from './decoder.js';
import { type Told, feedsOf, tell } from './feeds.js';

const STEPS = 40;
const LOGITS = 50;

const ort = rivalModule();
if (!ort) throw new Error('onnxruntime-node is not installed in bench/rival');
const make: MakeTensor = (type, data, dims) => new ort.Tensor(type, data, dims);
const write = (name: string, value: unknown): void =>
  writeFileSync(
    fileURLToPath(new URL(`../../../test/zoo/${name}.json`, import.meta.url)),
    `${JSON.stringify(value)}\n`,
  );
const folder = mkdtempSync(join(tmpdir(), 'haio-'));
const path = join(folder, 'model.onnx');
const decoders: Record<string, object> = {};
for (const [name, { model, pairs, empty }] of Object.entries(DECODERS)) {
  writeFileSync(path, model());
  const session = (await loadRival(path, 1))!;
  const { tokens, logits } = await decode((feeds) => session.run(feeds), {
    make,
    prompt: PROMPT,
    steps: STEPS,
    pairs,
    empty,
  });
  await session.release();
  decoders[name] = { tokens, logits: [...logits.at(-1)!.subarray(0, LOGITS)] };
}
write('decoders', decoders);

const models: Record<string, Told> = {};
for (const [name, model] of Object.entries(ZOO)) {
  const bytes = model.small();
  const { inputs, outputs } = signatureOf(bytes);
  writeFileSync(path, bytes);
  const one = (await loadRival(path, 1))!;
  models[name] = tell((await one.run(feedsOf(inputs, make)))[outputs[0]!.name]!);
  await one.release();
}
write('models', models);
rmSync(folder, { recursive: true });
