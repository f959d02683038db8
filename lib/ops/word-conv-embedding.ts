/**
 * WordConvEmbedding (com.microsoft): words of characters [L, W] as vectors [L, M]: the greatest tanh of a
 * convolution over the embeddings of each word's own characters. Character 0 is none; a word without
 * characters, of which onnxruntime leaves the vector open, is 0.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { cut } from './arrange.js';
import { range } from './attend.js';
import { Conv } from './conv.js';
import { atLeast, cast, importOnly, minus, scalarLike } from './formula.js';
import { Gather } from './gather.js';
import { Greater } from './greater.js';
import { LessOrEqual } from './less-or-equal.js';
import { pinned } from './facts.js';
import { ReduceMax } from './reduce-max.js';
import { ReduceSum } from './reduce-sum.js';
import { reshaped } from './reshape.js';
import { Tanh } from './tanh.js';
import { Where } from './where.js';

function build(n: OnnxNode): Value[] {
  const [words, weight, bias, table] = n.inputs as [Value, Value, Value, Value];
  const [length, width] = shapeOf(words) as [Dim, Dim];
  const [filters, , window, size] = shapeOf(weight).map(pinned) as [number, number, number, number];
  if (typeof width === 'number' && width < window)
    shapeError(`a window of ${window} over words of ${width} characters`);
  const letters = apply(Gather, { axis: 0 }, [table, words]);
  const kernel = reshaped(weight, [filters, 1, window, size]);
  const attrs = {
    kernel: [window, size],
    strides: [1, 1],
    dilations: [1, 1],
    group: 1,
    stages: [],
  };
  const pads = [
    [0, 0],
    [0, 0],
  ] as const;
  const image = reshaped(letters, [length, width, size, 1]);
  const y = apply(Conv, { ...attrs, pads }, [image, kernel, bias]);
  const count = D.sub(width, window - 1);
  const values = apply(Tanh, {}, [reshaped(y, [length, count, filters])]);
  const real = apply(Greater, {}, [words, scalarLike(words, 0)]);
  const started = cut(real, 1, 0, 1);
  const sum = apply(ReduceSum, { axes: [1], keepdims: true }, [cast(real, 'int64')]);
  const last = reshaped(minus(atLeast(sum, window), window), [length, 1, 1]);
  const seen = apply(LessOrEqual, {}, [reshaped(range(0, count), [1, -1, 1]), last]);
  const kept = apply(Where, {}, [seen, values, scalarLike(values, -Infinity)]);
  const best = apply(ReduceMax, { axes: [1], keepdims: false }, [kept]);
  return [apply(Where, {}, [started, best, scalarLike(best, 0)])];
}

export const WordConvEmbedding = importOnly('WordConvEmbedding', [
  { type: 'WordConvEmbedding', since: 1, domain: 'com.microsoft', build },
]);
