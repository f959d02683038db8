import assert from 'node:assert/strict';
import { type Tensor, fromNumbers, tensor } from '../tensor/tensor.js';
import { type Difference, differenceOf } from './difference.js';
import { median, quantile, spreadOf } from '../runtime/statistics.js';

const f32 = (...values: number[]): Tensor => fromNumbers('float32', [values.length], values);
const difference = (a: Tensor, b: Tensor, rtol = 0.01, atol = 0): Difference => {
  const d = differenceOf(a, b, { rtol, atol });
  if (typeof d === 'string') assert.fail(d);
  return d;
};

describe('difference of tensors', () => {
  it('measures absolute and relative errors and the angle', () => {
    const d = difference(f32(1, 0, 2.5), f32(1, 0.25, 2));
    assert.deepEqual([d.absolute, d.relative, d.wrong, d.elements], [0.5, 1, 2, 3]);
    assert.ok(Math.abs(d.cosine - 6 / Math.sqrt(7.25 * 5.0625)) < 1e-12);
    assert.equal(difference(f32(3, 4), f32(-3, -4)).cosine, -1);
    assert.equal(difference(f32(0, 0), f32(0, 0)).cosine, 1);
  });

  it('takes both tolerances together', () => {
    assert.equal(difference(f32(101), f32(100), 0.01, 0).wrong, 0);
    assert.equal(difference(f32(102), f32(100), 0.01, 0).wrong, 1);
    assert.equal(difference(f32(102), f32(100), 0.01, 1).wrong, 0);
    assert.equal(difference(f32(0.5), f32(0), 0.01, 0).wrong, 1);
  });

  it('knows NaN and infinity', () => {
    const same = difference(f32(NaN, Infinity, 1), f32(NaN, Infinity, 1));
    assert.deepEqual([same.absolute, same.wrong, same.cosine], [0, 0, 1]);
    for (const [x, y] of [[NaN, 1], [1, NaN], [Infinity, 1], [Infinity, -Infinity]] as const) // prettier-ignore
      assert.deepEqual([difference(f32(x), f32(y)).wrong, difference(f32(x), f32(y)).absolute], [1, Infinity]); // prettier-ignore
  });

  it('wants integers and text to be the same', () => {
    const int = (...v: number[]): Tensor => fromNumbers('int64', [v.length], v);
    assert.equal(difference(int(1000, 1), int(1001, 1)).wrong, 1);
    const text = (...v: string[]): Tensor => tensor('string', [v.length], v);
    assert.equal(difference(text('a', 'b'), text('a', 'c')).wrong, 1);
    assert.equal(difference(text('a'), text('a')).wrong, 0);
  });

  it('does not compare what has other types or shapes', () => {
    const problem = (a: Tensor, b: Tensor): Difference | string =>
      differenceOf(a, b, { rtol: 1, atol: 1 });
    assert.equal(problem(f32(1), f32(1, 2)), 'float32[1] where float32[2] is expected');
    const int = fromNumbers('int32', [1], [1]);
    assert.equal(problem(f32(1), int), 'float32[1] where int32[1] is expected');
  });
});

describe('statistics', () => {
  it('takes ranks', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    assert.deepEqual([quantile(hundred, 0.9), quantile(hundred, 0.99)], [90, 99]);
    assert.equal(quantile([7], 0.01), 7);
  });

  it('leaves NaN out of the spread', () => {
    assert.deepEqual(spreadOf(Float64Array.of(1, NaN, 3)), { min: 1, max: 3, mean: 2, nan: 1 });
    assert.equal(spreadOf(Float64Array.of(NaN)), null);
    assert.equal(spreadOf(new Float64Array()), null);
  });
});
