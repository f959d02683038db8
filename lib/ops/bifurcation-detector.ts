/**
 * BifurcationDetector (com.microsoft), of aggressive decoding: predicted tokens are taken over up to the
 * first that differs from the source, and the end of the result is looked for in the source.
 */
import { raise } from '../errors.js';
import { type OnnxNode, defineOp, shapeError } from '../ir/op.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { numericAt, optionalAt } from './facts.js';

/** Inputs, all int64: source, current tokens, place in the source where the prediction starts, prediction. */
export interface BifurcationAttrs {
  readonly min: number;
  readonly max: number;
}

type Tokens = BigInt64Array;
const tokensOf = (t: Tensor | null | undefined): Tokens =>
  (t?.data ?? new BigInt64Array()) as Tokens;

/** Where `part` stands in `all` first, from `start` on, or −1. */
function find(all: Tokens, part: Tokens, start: number): number {
  for (let i = start; i + part.length <= all.length; i++)
    if (part.every((token, j) => all[i + j] === token)) return i;
  return -1;
}

/** The place behind the longest end of `tokens` that stands in the source once; −1: there is none. */
function suffixMatch(source: Tokens, tokens: Tokens, { min, max }: BifurcationAttrs): number {
  let place = -1;
  for (let size = min; size <= Math.min(max, tokens.length); size++) {
    const end = tokens.subarray(tokens.length - size);
    const at = find(source, end, 0);
    if (at < 0) break;
    place = at + size;
    if (place >= source.length) break;
    if (find(source, end, at + 1) >= 0) place = -1;
  }
  return place;
}

/** The current tokens, then the prediction up to its first token that is not the source's. */
function extended(source: Tokens, current: Tokens, start: number, predicted: Tokens): Tokens {
  if (!(start >= 0 && start <= source.length && predicted.length === source.length + 1 - start))
    shapeError(`${predicted.length} predicted tokens from ${start} of ${source.length} on`);
  let same = 0;
  while (start + same < source.length && predicted[same] === source[start + same]) same++;
  return BigInt64Array.from([...current, ...predicted.subarray(0, same + 1)]);
}

export const BifurcationDetector = defineOp<BifurcationAttrs>({
  name: 'BifurcationDetector',
  infer(inputs, _, ctx) {
    const [source, current, start] = [0, 1, 2].map((i) => numericAt(inputs, i));
    const predicted = optionalAt(inputs, 3);
    if ([source, current, start, predicted ?? start].some((t) => t!.dtype !== 'int64'))
      shapeError('tokens and places are int64');
    const size = predicted ? ctx.fresh('tokens') : current!.shape[0]!;
    return [{ type: { dtype: 'int64', shape: [size] } }, { type: start! }];
  },
  eval([source, current, start, predicted], attrs) {
    const [all, now] = [tokensOf(source), tokensOf(current)];
    const from = Number(tokensOf(start)[0]);
    const out = predicted ? extended(all, now, from, tokensOf(predicted)) : now;
    const match = BigInt64Array.of(BigInt(suffixMatch(all, out, attrs)));
    return [tensor('int64', [out.length], out), tensor('int64', start!.shape, match)];
  },
  onnx: [
    {
      type: 'BifurcationDetector',
      since: 1,
      domain: 'com.microsoft',
      read(n: OnnxNode) {
        const [min, max] = [n.int('min_ngram_size', 1), n.int('max_ngram_size', 3)];
        if (min < 1 || max < min)
          raise('HAIO_E_ATTRIBUTE', {
            node: n.name,
            op: n.type,
            attribute: 'max_ngram_size',
            expected: 'sizes of at least 1 in order',
            got: `${min} and ${max}`,
          });
        return { min, max };
      },
    },
  ],
});
