/** TfIdfVectorizer (ONNX): how often the n-grams of a pool stand in each row. */
import { raise } from '../errors.js';
import { type OnnxNode, defineOp, shapeError, typeError } from '../ir/op.js';
import { fromNumbers } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

export interface TfIdfVectorizerAttrs {
  /** number of elements of the shortest and the longest n-gram that counts */
  readonly lengths: readonly [number, number];
  /** at most so many elements are left out between those of an n-gram */
  readonly maxSkip: number;
  readonly mode: 'TF' | 'IDF' | 'TFIDF';
  /** n-grams of a length start in the pool at starts[length − 1] */
  readonly starts: readonly number[];
  /** place in the output of each n-gram */
  readonly indexes: readonly number[];
  readonly pool: readonly (string | number)[];
  readonly strings: boolean;
  /** one for each n-gram; empty: 1 */
  readonly weights: readonly number[];
}

const keyOf = (items: readonly unknown[]): string => JSON.stringify(items.map(String));

/** Numbers of the n-grams by what they consist of. */
function numbered({ starts, pool }: TfIdfVectorizerAttrs): Map<string, number> {
  const known = new Map<string, number>();
  starts.forEach((start, i) => {
    const length = i + 1;
    for (let at = start; at + length <= (starts[i + 1] ?? pool.length); at += length)
      known.set(keyOf(pool.slice(at, at + length)), known.size);
  });
  return known;
}

/** The n-grams of a row. Those of one element skip nothing. */
function* gramsOf(row: readonly unknown[], attrs: TfIdfVectorizerAttrs): Generator<unknown[]> {
  const [shortest, longest] = attrs.lengths;
  for (let length = shortest; length <= longest; length++)
    for (let stride = 1; stride <= (length === 1 ? 1 : attrs.maxSkip + 1); stride++)
      for (let at = 0; at + (length - 1) * stride < row.length; at++)
        yield Array.from({ length }, (_, k) => row[at + k * stride]);
}

function read(n: OnnxNode): TfIdfVectorizerAttrs {
  const mode = (['TF', 'IDF', 'TFIDF'] as const).find((m) => m === n.string('mode'));
  const strings = n.has('pool_strings');
  return {
    lengths: [n.int('min_gram_length'), n.int('max_gram_length')],
    maxSkip: n.int('max_skip_count'),
    mode:
      mode ??
      raise('HAIO_E_ATTRIBUTE', {
        node: n.name,
        op: n.type,
        attribute: 'mode',
        expected: "'TF', 'IDF' or 'TFIDF'",
        got: n.string('mode'),
      }),
    starts: n.ints('ngram_counts'),
    indexes: n.ints('ngram_indexes'),
    pool: strings ? n.strings('pool_strings') : n.ints('pool_int64s'),
    strings,
    weights: n.floats('weights', []),
  };
}

const widthOf = (attrs: TfIdfVectorizerAttrs): number =>
  attrs.indexes.reduce((most, i) => Math.max(most, i + 1), 0);

/** Input: [C] or [N, C], output [width] or [N, width]. */
export const TfIdfVectorizer = defineOp<TfIdfVectorizerAttrs>({
  name: 'TfIdfVectorizer',
  infer(inputs, attrs) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (attrs.strings !== (dtype === 'string')) typeError(`the pool holds no ${dtype}`);
    if (shape.length < 1 || shape.length > 2) shapeError(`expected rank 1 or 2`);
    return [{ type: { dtype: 'float32', shape: [...shape.slice(0, -1), widthOf(attrs)] } }];
  },
  eval([x], attrs) {
    const { mode, indexes, weights } = attrs;
    const known = numbered(attrs);
    const [width, size] = [widthOf(attrs), x!.shape.at(-1)!];
    const rows = x!.shape.length === 1 ? 1 : x!.shape[0]!;
    const items = Array.from(x!.data as ArrayLike<unknown>);
    const out = new Float64Array(rows * width);
    for (let r = 0; r < rows; r++)
      for (const gram of gramsOf(items.slice(r * size, (r + 1) * size), attrs)) {
        const number = known.get(keyOf(gram));
        const place = number === undefined ? undefined : indexes[number];
        if (place === undefined) continue;
        const weight = mode === 'TF' ? 1 : (weights[number!] ?? 1);
        const at = r * width + place;
        out[at] = mode === 'IDF' ? weight : out[at]! + weight;
      }
    return [fromNumbers('float32', [...x!.shape.slice(0, -1), width], out)];
  },
  onnx: [{ type: 'TfIdfVectorizer', since: 9, read }],
});
