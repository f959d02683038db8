import assert from 'node:assert/strict';
import { apply } from '../ir/build.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { Attention } from './attention.js';

const floats = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('float32', shape, values);
const x = (...shape: D.Dim[]): Value => input('x', { dtype: 'float32', shape });
const plain = { scale: 1, causal: false };
const run = (attrs: typeof plain, ...inputs: Tensor[]): number[] =>
  [...toNumbers(Attention.eval!(inputs, attrs)[0]!)].map((v) => Math.round(v * 1000) / 1000);

describe('Attention', () => {
  const third = Math.log(3);
  const q = floats([1, 1, 2, 1], 0, 1);
  const k = floats([1, 1, 2, 1], 0, third);
  const v = floats([1, 1, 2, 2], 4, 0, 8, 1);
  it('weighs values by the softmax of scores', () => {
    assert.deepEqual(run(plain, q, k, v), [6, 0.5, 7, 0.75]);
    assert.deepEqual(run({ ...plain, scale: 0 }, q, k, v), [6, 0.5, 6, 0.5]);
  });
  it('adds the mask', () => {
    const mask = floats([2], third, 0);
    assert.deepEqual(run(plain, q, k, v, mask), [5, 0.25, 6, 0.5]);
    const rows = floats([1, 1, 2, 2], 0, -Infinity, 0, 0);
    assert.deepEqual(run(plain, q, k, v, rows), [4, 0, 7, 0.75]);
    const none = floats([1], -Infinity);
    assert.ok(run(plain, q, k, v, none).every(Number.isNaN));
  });
  it('sees no later keys where causal; queries are the last ones', () => {
    assert.deepEqual(run({ ...plain, causal: true }, q, k, v), [4, 0, 7, 0.75]);
    const last = floats([1, 1, 1, 1], 1);
    assert.deepEqual(run({ ...plain, causal: true }, last, k, v), [7, 0.75]);
  });
  it('shares keys between heads', () => {
    const heads = floats([1, 4, 1, 1], 0, 0, 0, 0);
    const one = floats([1, 2, 1, 1], 1, 1);
    assert.deepEqual(run(plain, heads, one, floats([1, 2, 1, 1], 5, 6)), [5, 5, 6, 6]);
  });
  it('infers shapes', () => {
    const n = D.symbolDim(D.newSymbol('n'));
    const y = apply(Attention, plain, [x(2, 8, n, 16), x(2, 4, 7, 16), x(2, 4, 7, 3), null]);
    assert.deepEqual(shapeOf(y), [2, 8, n, 3]);
    const fails = (...inputs: Value[]): void =>
      assert.throws(() => apply(Attention, plain, [...inputs, null]), { code: 'HAIO_E_SHAPE' });
    fails(x(2, 8, 5, 16), x(2, 3, 7, 16), x(2, 3, 7, 3));
    fails(x(2, 8, 5, 16), x(2, 8, 7, 15), x(2, 8, 7, 3));
    fails(x(2, 8, 5, 16), x(2, 8, 7, 16), x(2, 8, 6, 3));
    fails(x(8, 5, 16), x(8, 7, 16), x(8, 7, 3));
  });
});
