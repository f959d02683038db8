/**
 * NGramRepeatBlock (com.microsoft): scores [B, V], with −∞ for each token that would complete, at the
 * end of ids [B, L], a run of `ngram_size` tokens that stands in the ids already.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { And } from './and.js';
import { cut, expanded } from './arrange.js';
import { Equal } from './equal.js';
import { importOnly, scalarLike } from './formula.js';
import { ScatterElements } from './scatter-elements.js';
import { Where } from './where.js';

function build(n: OnnxNode): Value[] {
  const [ids, scores] = n.inputs as [Value, Value];
  const size = n.int('ngram_size');
  if (size < 1) shapeError(`runs of ${size} tokens`);
  const [batch, length] = shapeOf(ids) as [D.Dim, D.Dim];
  // runs that end within the ids start at 0…count−1; what they must equal starts at `count`
  const count = D.max(0, D.sub(length, size - 1));
  const same = Array.from({ length: size - 1 }, (_, k) => {
    const last = D.add(count, k);
    return apply(Equal, {}, [cut(ids, 1, k, last), cut(ids, 1, last, D.add(last, 1))]);
  });
  const banned = cut(ids, 1, D.min(length, size - 1), length);
  const low = scalarLike(scores, -Infinity);
  const high = scalarLike(scores, Infinity);
  const update =
    same.length === 0
      ? expanded(low, [batch, count])
      : apply(Where, {}, [same.reduce((a, b) => apply(And, {}, [a, b])), low, high]);
  return [apply(ScatterElements, { axis: 1, reduction: 'min' }, [scores, banned, update])];
}

export const NGramRepeatBlock = importOnly('NGramRepeatBlock', [
  { type: 'NGramRepeatBlock', since: 1, domain: 'com.microsoft', build },
]);
