/** PP-OCR reads rendered lines: character error rate in each precision. */
import { join } from 'node:path';
import sharp from 'sharp';
import { type Sample, Tensor } from '../../lib/index.js';
import { random } from '../../test/models/random.js';
import type { Image } from '../ocr/image.js';
import { decode, readKeys, recognitionInput } from '../ocr/recognise.js';
import { PRECISIONS, type PrecisionName, inAllPrecisions, quantizeLine } from './precisions.js';

const WORDS =
  'order copper pipe valve pressure gauge total north delivery note check arrival water lamp paper green seven table window engine market river stone bridge letter number silver garden winter morning travel coffee bread'.split(
    ' ',
  );
const FONTS = ['DejaVu Sans', 'DejaVu Serif', 'Liberation Sans', 'DejaVu Sans Mono'];

interface Line {
  readonly text: string;
  readonly feeds: Sample;
}

/** A line of words and numbers, rendered with a font, size, colours and noise of its own. */
async function drawLine(seed: number): Promise<Line> {
  const dice = random(seed);
  const pick = <T>(list: readonly T[]): T => list[dice.int(0, list.length)]!;
  const words = Array.from({ length: dice.int(2, 5) }, () => {
    const word = pick(WORDS);
    if (dice.int(0, 4) === 0) return `${dice.int(0, 100000)}`;
    return dice.int(0, 2) === 0 ? word : word[0]!.toUpperCase() + word.slice(1);
  });
  const text = words.join(' ');
  const size = dice.int(18, 41);
  const [width, height] = [Math.ceil(text.length * size * 0.66) + 20, Math.ceil(size * 1.5)];
  const ink = dice.int(0, 111);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<rect width="100%" height="100%" fill="rgb(${dice.int(190, 256)},${dice.int(190, 256)},${dice.int(190, 256)})"/>` +
    `<text x="8" y="${size * 1.08}" font-family="${pick(FONTS)}" font-size="${size}" ` +
    `fill="rgb(${ink},${ink},${ink})">${text}</text></svg>`;
  const { data, info } = await sharp(Buffer.from(svg))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const noise = dice.int(0, 26);
  for (let i = 0; i < data.length; i++)
    data[i] = Math.max(0, Math.min(255, data[i]! + dice.int(-noise, noise + 1)));
  const image: Image = { width: info.width, height: info.height, data };
  const input = await recognitionInput(image, {
    ...{ left: 0, top: 0, width: info.width, height: info.height },
    score: 1,
  });
  return { text, feeds: { x: new Tensor('float32', input.data, input.dims) } };
}

/** Insertions, deletions and substitutions from one text to the other (Levenshtein 1966). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        row[j]! + 1,
        next[j - 1]! + 1,
        row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length]!;
}

export async function lines(assets: string, say: (line: string) => void): Promise<void> {
  const keys = readKeys(join(assets, 'ppocr_keys_v1.txt'));
  const drawn = await Promise.all(Array.from({ length: 264 }, (_, i) => drawLine(1000 + i)));
  const [calibration, tested] = [drawn.slice(200), drawn.slice(0, 200)];
  const compared = await inAllPrecisions(
    join(assets, 'ch_PP-OCRv4_rec_infer.onnx'),
    calibration.map((l) => l.feeds),
  );
  say(`  ${quantizeLine(compared)}`);
  const characters = tested.reduce((n, l) => n + l.text.length, 0);
  const texts: Partial<Record<PrecisionName, string[]>> = {};
  for (const precision of PRECISIONS) {
    const session = compared.sessions[precision];
    const read: string[] = [];
    for (const { feeds } of tested) {
      const scores = Object.values(await session.run(feeds))[0]!;
      read.push(decode(scores.data as Float32Array, scores.dims.at(-1)!, keys).text);
    }
    texts[precision] = read;
    const wrong = tested.reduce((n, l, i) => n + distance(l.text, read[i]!), 0);
    const same = read.filter((text, i) => text === texts.fp32![i]).length;
    say(
      `  ${precision}: character error rate ${((100 * wrong) / characters).toFixed(2)} % of ${characters}, ` +
        `${same} of ${tested.length} lines as in fp32`,
    );
    await session.release();
  }
}
