/** MiniLM on pairs of sentences: do similarities keep their order? */
import { readFileSync } from 'node:fs';
import { type Sample, type Session, Tensor } from '../../lib/index.js';
import { random } from '../../test/models/random.js';
import { PRECISIONS, inAllPrecisions, quantizeLine } from './precisions.js';

const SUBJECTS = ['a man', 'a woman', 'the dog', 'two children', 'the engineer', 'an old sailor'];
const VERBS = ['is playing', 'looks at', 'repairs', 'carries', 'is writing about', 'sells'];
const OBJECTS = [
  'a guitar',
  'the broken engine',
  'a small boat',
  'the morning paper',
  'fresh bread',
  'a red car',
];
const PLACES = [
  'in the garden',
  'near the river',
  'at the market',
  'in a cold kitchen',
  'on the bridge',
  '',
];

/** WordPiece: the longest piece of the vocabulary from where the last one ended (Schuster and Nakajima 2012). */
function tokenizer(path: string): (text: string) => number[] {
  const { model } = JSON.parse(readFileSync(path, 'utf8')) as {
    model: { vocab: Record<string, number> };
  };
  const { vocab } = model;
  const pieces = (word: string): number[] => {
    const out: number[] = [];
    for (let at = 0; at < word.length;) {
      let end = word.length;
      const piece = (): string => (at > 0 ? '##' : '') + word.slice(at, end);
      while (end > at && vocab[piece()] === undefined) end--;
      if (end === at) return [vocab['[UNK]']!];
      out.push(vocab[piece()]!);
      at = end;
    }
    return out;
  };
  return (text) => {
    const words = text.toLowerCase().match(/[a-z0-9]+|[^\sa-z0-9]/g) ?? [];
    return [vocab['[CLS]']!, ...words.flatMap(pieces), vocab['[SEP]']!];
  };
}

const feedsOf = (ids: readonly number[]): Sample => {
  const row = (values: readonly number[]): Tensor =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  return {
    input_ids: row(ids),
    attention_mask: row(ids.map(() => 1)),
    token_type_ids: row(ids.map(() => 0)),
  };
};

/** Mean of the tokens' vectors, of length 1. */
async function embed(session: Session, feeds: Sample): Promise<Float64Array> {
  const { data, dims } = Object.values(await session.run(feeds))[0]!;
  const [tokens, width] = [dims[1]!, dims[2]!];
  const sum = new Float64Array(width);
  for (let i = 0; i < tokens * width; i++) sum[i % width]! += (data as Float32Array)[i]!;
  const length = Math.hypot(...sum);
  return sum.map((x) => x / length);
}

const ranks = (list: readonly number[]): number[] => {
  const order = list.map((_, i) => i).sort((a, b) => list[a]! - list[b]!);
  const out: number[] = [];
  order.forEach((i, rank) => (out[i] = rank));
  return out;
};
/** Spearman's rank correlation of two lists without ties. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const n = a.length;
  const sum = x.reduce((s, r, i) => s + (r - y[i]!) ** 2, 0);
  return 1 - (6 * sum) / (n * (n * n - 1));
}

export async function sentences(
  model: string,
  tokens: string,
  say: (line: string) => void,
): Promise<void> {
  const dice = random(77);
  const pick = (list: readonly string[]): string => list[dice.int(0, list.length)]!;
  const sentence = (): string =>
    `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)} ${pick(PLACES)}`.trim() + '.';
  const encode = tokenizer(tokens);
  const draw = (count: number): Sample[] =>
    Array.from({ length: count }, () => feedsOf(encode(sentence())));
  const compared = await inAllPrecisions(model, draw(48));
  say(`  ${quantizeLine(compared)}`);
  const pairs = Array.from({ length: 300 }, () => draw(2));
  let reference: number[] = [];
  for (const precision of PRECISIONS) {
    const session = compared.sessions[precision];
    const similarities: number[] = [];
    for (const [a, b] of pairs) {
      const [x, y] = [await embed(session, a!), await embed(session, b!)];
      similarities.push(x.reduce((sum, v, i) => sum + v * y[i]!, 0));
    }
    if (precision === 'fp32') reference = similarities;
    const largest = Math.max(...similarities.map((s, i) => Math.abs(s - reference[i]!)));
    say(
      `  ${precision}: rank correlation with fp32 ${spearman(similarities, reference).toFixed(5)} over ` +
        `${pairs.length} pairs, largest difference of a similarity ${largest.toFixed(4)}`,
    );
    await session.release();
  }
}
