/** Writes what onnxruntime-node generates with the small decoder: node dist/test/zoo/record.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRival, rivalModule } from '../../bench/rival.js';
import { decode } from '../../bench/zoo/generate.js';
import { gpt2, gpt2State } from '../../bench/zoo/gpt2.js';
import { DECODER, PROMPT } from './decoder.js';

const STEPS = 40;
const LOGITS = 50;

const ort = rivalModule();
if (!ort) throw new Error('onnxruntime-node is not installed in bench/rival');
const folder = mkdtempSync(join(tmpdir(), 'haio-'));
const path = join(folder, 'decoder.onnx');
writeFileSync(path, gpt2(DECODER));
const session = (await loadRival(path, 1))!;
const { tokens, logits } = await decode((feeds) => session.run(feeds), {
  make: (type, data, dims) => new ort.Tensor(type, data, dims),
  prompt: PROMPT,
  steps: STEPS,
  pairs: gpt2State(DECODER),
  empty: [1, DECODER.heads, 0, DECODER.hidden / DECODER.heads],
});
await session.release();
rmSync(folder, { recursive: true });
writeFileSync(
  fileURLToPath(new URL('../../../test/zoo/decoder.json', import.meta.url)),
  `${JSON.stringify({ tokens, logits: [...logits.at(-1)!.subarray(0, LOGITS)] })}\n`,
);
