/** Published models on real inputs, on every ISA of this machine, with one thread and with two. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boxesOf, detectionInput } from '../bench/ocr/detect.js';
import { readImage } from '../bench/ocr/image.js';
import { decode, readKeys, recognitionInput } from '../bench/ocr/recognise.js';
import { CATALOG, makeFeeds } from '../bench/catalog.js';
import { type Session, Tensor, load } from '../lib/index.js';
import type { Tensor as Plain } from '../lib/tensor/tensor.js';
import { loadAddon } from '../lib/native/binding.js';
import {
  cosine,
  embeddingsOf,
  encodeSentences,
  minilmModel,
  minilmTokenizer,
} from './models/minilm.js';
import { random } from './models/random.js';

const isas = loadAddon()
  .inspect()
  .isas.filter((isa) => isa.usable && isa.width)
  .map((isa) => isa.name);
const tokenize = minilmTokenizer();
const best = isas[0]!;
const root = new URL('../../', import.meta.url).pathname;
const assets = join(root, 'node_modules', '@gutenye', 'ocr-models', 'assets');

const only = async (session: Session, t: Tensor): Promise<Tensor> =>
  Object.values(await session.run({ [session.inputs[0]!.name]: t }))[0]!;

/** |a − b| ≤ 1e-3·|a| + 1e-4·max|a| for all elements; describes the first that is not. */
function mismatch(a: Tensor, b: Tensor): string | null {
  assert.deepEqual(a.dims, b.dims);
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  const largest = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const at = x.findIndex((v, i) => !(Math.abs(v - y[i]!) <= 1e-3 * Math.abs(v) + 1e-4 * largest));
  return at < 0 ? null : `element ${at}: ${x[at]} and ${y[at]}`;
}

describe(`published models on ${isas.join(', ')}`, () => {
  it('reads the text of the example image', async () => {
    const image = await readImage(join(root, 'bench', 'ocr', 'sample.png'));
    const detector = await load(join(assets, 'ch_PP-OCRv4_det_infer.onnx'));
    const reader = await load(join(assets, 'ch_PP-OCRv4_rec_infer.onnx'));
    const keys = readKeys(join(assets, 'ppocr_keys_v1.txt'));
    const input = await detectionInput(image);
    const map = await only(detector, new Tensor('float32', input.data, input.dims));
    const boxes = boxesOf(map.data as Float32Array, map.dims[3]!, map.dims[2]!, image);
    const lines: string[] = [];
    for (const box of boxes) {
      const crop = await recognitionInput(image, box);
      const scores = await only(reader, new Tensor('float32', crop.data, crop.dims));
      lines.push(decode(scores.data as Float32Array, scores.dims[2]!, keys).text);
    }
    assert.equal(lines.length, 7);
    const text = lines.join('\n').replaceAll(' ', '');
    for (const word of ['NORTHWIND', '20417', 'Copperpipe15mm', 'valveDN20', '318.50', 'arrival'])
      assert.ok(text.includes(word), `${word} in ${text}`);
    await detector.release();
    await reader.release();
  });

  for (const spec of CATALOG.filter((m) => m.path !== null && /ocr|silero|wake/.test(m.name)))
    it(`${spec.name}: every ISA and thread count agrees with portable`, async () => {
      const results: Record<string, Tensor>[] = [];
      for (const [isa, threads] of [
        ['portable', 1],
        ...isas.flatMap((name) => [1, 2].map((n) => [name, n] as const)),
      ] as const) {
        const session = await load(spec.path!, { isa, threads });
        const feeds = makeFeeds(
          spec,
          session.inputs.map((i) => i.name),
        );
        results.push(await session.run(feeds));
        await session.release();
      }
      for (const got of results.slice(1))
        for (const [name, want] of Object.entries(results[0]!))
          assert.equal(mismatch(want, got[name]!), null, name);
    });
});

describe('a sentence model at changing lengths', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-'));
  const path = join(folder, 'minilm.onnx');
  let session: Session;
  before(async () => {
    writeFileSync(path, minilmModel());
    session = await load(path);
  });
  after(async () => {
    await session.release();
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  });

  const tensors = (texts: readonly string[]): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries<Plain>({ ...encodeSentences(tokenize, texts) }).map(([k, t]) => [
        k,
        new Tensor(t.dtype, t.data, t.shape),
      ]),
    );
  const embed = async (texts: readonly string[]): Promise<Float64Array[]> => {
    const feeds = tensors(texts);
    const out = Object.values(await session.run(feeds))[0]!;
    const mask = feeds['attention_mask']!;
    return embeddingsOf(
      { dtype: 'float32', shape: out.dims, data: out.data },
      { dtype: 'int64', shape: mask.dims, data: mask.data },
    );
  };

  it('knows that two sentences are alike', async () => {
    const [a, b] = await embed(['A man is eating food.', 'A man is eating a piece of bread.']);
    assert.ok(Math.abs(cosine(a!, b!) - 0.755) < 2e-3, `cosine ${cosine(a!, b!)}`);
  });

  it('gives a sentence the same embedding alone and padded in a batch', async () => {
    const texts = ['Short.', 'The weather in the mountains changes within minutes in summer.'];
    const together = await embed(texts);
    for (const [i, text] of texts.entries()) {
      const [alone] = await embed([text]);
      assert.ok(cosine(alone!, together[i]!) > 0.99999, text);
    }
  });

  it('binds many lengths, keeps memory flat', async () => {
    const lengths = Array.from({ length: 60 }, (_, i) => 1 + ((i * 37) % 120));
    const words = ['tree', 'river', 'stone', 'cloud', 'light'];
    const r = random(9);
    const sentence = (n: number): string =>
      Array.from({ length: n }, () => words[r.int(0, words.length)]!).join(' ');
    let early = 0;
    for (const [i, n] of lengths.entries()) {
      const [e] = await embed([sentence(n)]);
      assert.ok(Math.abs(cosine(e!, e!) - 1) < 1e-6);
      if (i === 19) early = session.memory.plans;
    }
    assert.ok(session.memory.plans > 0 && early > 0);
    assert.ok(session.memory.plans < 32 << 20);
    assert.ok(session.memory.arena <= 1.1 * session.memory.lowerBound);
  });

  it(`reports memory on ${best}`, () => {
    const { weights, arena, lowerBound, tensors: sum } = session.memory;
    assert.ok(weights > 80e6 && lowerBound <= arena && arena < sum);
  });
});
