import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import { printGraph } from '../ir/print.js';
import * as ops from '../ops/index.js';
import { PASSES } from './index.js';
import { reshaped, sizes } from './shapes.js';
import { graphOf, leaves, optimized, scalar, transpose, weight, x32 } from './support.test.js';

const mul = (a: Value, c: Value | number): Value =>
  apply(ops.Mul, {}, [a, typeof c === 'number' ? scalar(c) : c]);
const add = (a: Value, b: Value): Value => apply(ops.Add, {}, [a, b]);
const product = (a: Value, b: Value): Value => apply(ops.MatMul, { stages: [] }, [a, b]);
const softmax = (v: Value): Value => apply(ops.Softmax, { axis: shapeOf(v).length - 1 }, [v]);
const swapped = (v: Value): Value => {
  const rank = shapeOf(v).length;
  return transpose(v, ...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2);
};

describe('fuse-attention', () => {
  const [q, k, v] = [x32(2, 3, 5, 4), x32(2, 3, 6, 4), x32(2, 3, 6, 8)];
  const scores = product(q, swapped(k));
  const attrs = (y: Value): string => {
    const text = printGraph(optimized(graphOf(y), PASSES));
    assert.doesNotMatch(text, /MatMul|Softmax/);
    return /Attention\(.*\) \{(.*)\}/.exec(text)?.[1] ?? assert.fail(text);
  };

  it('finds scale and mask in their usual places', () => {
    leaves(PASSES, product(softmax(scores), v), 'Attention 1');
    const half = apply(ops.Div, {}, [scores, scalar(2)]);
    leaves(PASSES, product(softmax(add(half, x32(2, 1, 1, 6))), v), 'Attention 1');
    assert.equal(
      attrs(product(softmax(add(mul(scores, 0.5), x32(5, 6))), v)),
      'scale: 0.5, causal: false',
    );
  });

  it('finds scales on query and key, also before the heads are split', () => {
    const both = product(mul(q, 0.5), mul(swapped(k), 0.25));
    assert.equal(attrs(product(softmax(both), v)), 'scale: 0.125, causal: false');
    const flat = apply(ops.Slice, { axes: [2], steps: [1] }, [
      x32(2, 5, 24),
      sizes([0]),
      sizes([12]),
    ]);
    const heads = transpose(reshaped(mul(flat, 0.5), [2, 5, 3, 4]), 0, 2, 1, 3);
    assert.equal(
      attrs(product(softmax(product(heads, swapped(k))), v)),
      'scale: 0.5, causal: false',
    );
  });

  it('takes masks by condition where they are low enough', () => {
    const seen = literal('bool', [1, 1, 1, 6], [1, 1, 0, 1, 0, 1]);
    const masked = (low: number) => apply(ops.Where, {}, [seen, mul(scores, 0.5), scalar(low)]);
    leaves(PASSES, product(softmax(masked(-1e30)), v), 'Attention 1');
    leaves(PASSES, product(softmax(masked(-5)), v), 'MatMul 2, Softmax 1, Transpose 1, Where 1');
  });

  it('takes heads that are joined to the batch', () => {
    const [q3, k3, v3] = [x32(6, 5, 4), x32(6, 7, 4), x32(6, 7, 4)];
    const y = product(softmax(add(product(q3, swapped(k3)), x32(6, 1, 7))), v3);
    leaves(PASSES, y, 'Reshape 5, Attention 1');
  });

  it('uses keys and values that groups of queries share once', () => {
    const shared = x32(2, 3, 6, 4);
    const repeated = (x: Value): Value => {
      const wide = apply(ops.Expand, {}, [reshaped(x, [2, 3, 1, 6, 4]), sizes([2, 3, 2, 6, 4])]);
      return reshaped(wide, [2, 6, 6, 4]);
    };
    const y = product(
      softmax(product(x32(2, 6, 5, 4), swapped(repeated(shared)))),
      repeated(x32(2, 3, 6, 4)),
    );
    leaves(PASSES, y, 'Attention 1');
  });

  it('leaves scores alone that others use, other axes and broadcast heads', () => {
    const weights = softmax(scores);
    leaves(PASSES, [product(weights, v), weights], 'MatMul 2, Softmax 1, Transpose 1');
    const across = apply(ops.Softmax, { axis: 2 }, [scores]);
    leaves(PASSES, product(across, v), 'MatMul 2, Softmax 1, Transpose 1');
    leaves(PASSES, product(weights, x32(1, 3, 6, 8)), 'MatMul 2, Softmax 1, Transpose 1');
  });

  it('makes a block of a transformer attention, products and norms', () => {
    const x = input('tokens', { dtype: 'float32', shape: [2, 5, 12] });
    const linear = (y: Value, n: number) =>
      add(product(y, weight(Number(shapeOf(y)[2]), n)), weight(n));
    const heads = (y: Value) => transpose(reshaped(y, [2, 5, 3, 4]), 0, 2, 1, 3);
    const [a, b, c] = [1, 2, 3].map(() => heads(linear(x, 12)));
    const context = product(softmax(mul(product(a!, swapped(b!)), 0.5)), c!);
    const joined = linear(reshaped(transpose(context, 0, 2, 1, 3), [2, 5, 12]), 12);
    leaves(PASSES, add(joined, x), 'Reshape 4, Transpose 4, MatMul 2, Attention 1, Split 1');
  });
});
