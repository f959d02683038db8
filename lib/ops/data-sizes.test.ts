/** Ops whose output sizes only the data tells. */
import assert from 'node:assert/strict';
import { apply, applyAll, literal } from '../ir/build.js';
import { input, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { type Tensor, fromNumbers, tensor, toNumbers } from '../tensor/tensor.js';
import { Compress } from './compress.js';
import { NonMaxSuppression } from './non-max-suppression.js';
import { NonZero } from './non-zero.js';
import { Unique } from './unique.js';

const floats = (shape: number[], ...values: number[]): Tensor =>
  fromNumbers('float32', shape, values);
const numbers = (t: Tensor | undefined): number[] => [...toNumbers(t!)];

describe('NonZero', () => {
  it('lists indices axis by axis', () => {
    const got = NonZero.eval!([floats([2, 2], 0, 3, -1, -0)], {})[0]!;
    assert.deepEqual(
      [got.shape, numbers(got)],
      [
        [2, 2],
        [0, 1, 1, 0],
      ],
    );
    const scalar = NonZero.eval!([fromNumbers('bool', [], [1])], {})[0]!;
    assert.deepEqual(scalar.shape, [0, 1]);
    const half = NonZero.eval!([fromNumbers('float16', [2], [-0, 1])], {})[0]!;
    assert.deepEqual(numbers(half), [1]);
  });
  it('has a fresh size, or the size of known elements', () => {
    const x = input('x', { dtype: 'float32', shape: [2, 3] });
    const [rank, count] = shapeOf(apply(NonZero, {}, [x]));
    assert.equal(rank, 2);
    assert.ok(D.isSym(count!));
    assert.deepEqual(shapeOf(apply(NonZero, {}, [literal('int64', [3], [0, 4, 1])])), [1, 2]);
  });
});

describe('Compress', () => {
  const x = floats([2, 3], 1, 2, 3, 4, 5, 6);
  const bools = (...values: number[]): Tensor => fromNumbers('bool', [values.length], values);
  it('takes slices or elements', () => {
    assert.deepEqual(numbers(Compress.eval!([x, bools(0, 1, 1)], { axis: 1 })[0]), [2, 3, 5, 6]);
    assert.deepEqual(numbers(Compress.eval!([x, bools(0, 1)], { axis: null })[0]), [2]);
    assert.deepEqual(Compress.eval!([x, bools(0, 0)], { axis: 0 })[0]!.shape, [0, 3]);
  });
});

describe('Unique', () => {
  it('counts the different elements', () => {
    const x = floats([5], 2, 1, 1, 3, 2);
    const all = (sorted: boolean) => Unique.eval!([x], { axis: null, sorted }).map(numbers);
    assert.deepEqual(all(true), [
      [1, 2, 3],
      [1, 0, 3],
      [1, 0, 0, 2, 1],
      [2, 2, 1],
    ]);
    assert.deepEqual(all(false)[0], [2, 1, 3]);
  });
  it('compares slices', () => {
    const x = floats([3, 2], 1, 2, 0, 5, 1, 2);
    const [y, , inverse] = Unique.eval!([x], { axis: 0, sorted: true });
    assert.deepEqual(
      [y!.shape, numbers(y), numbers(inverse)],
      [
        [2, 2],
        [0, 5, 1, 2],
        [1, 0, 1],
      ],
    );
  });
  it('sorts strings', () => {
    const x = tensor('string', [3], ['b', 'a', 'b']);
    assert.deepEqual(Unique.eval!([x], { axis: null, sorted: true })[0]!.data, ['a', 'b']);
  });
  it('has one fresh size', () => {
    const x = input('x', { dtype: 'float32', shape: [2, 3] });
    const wanted = [true, true, true, true];
    const shapes = applyAll(Unique, { axis: 1, sorted: true }, [x], { wanted }).map(shapeOf);
    assert.equal(shapes[0]![1], shapes[1]![0]);
    assert.deepEqual([shapes[0]![0], shapes[2]], [2, [3]]);
  });
});

describe('NonMaxSuppression', () => {
  const boxes = floats([1, 3, 4], 0, 0, 1, 1, 0, 0.1, 1, 1.1, 2, 2, 3, 3);
  const scores = floats([1, 1, 3], 0.7, 0.9, 0.8);
  const run = (...rest: (number | null)[]): number[] =>
    numbers(
      NonMaxSuppression.eval!(
        [boxes, scores, ...rest.map((v) => (v === null ? null : floats([], v)))],
        { centerPointBox: false },
      )[0],
    );
  it('drops boxes that overlap a better one', () => {
    assert.deepEqual(run(9, 0.5, null), [0, 0, 1, 0, 0, 2]);
    assert.deepEqual(run(9, 0.9, null), [0, 0, 1, 0, 0, 2, 0, 0, 0]);
    assert.deepEqual(run(1, 0.5, null), [0, 0, 1]);
    assert.deepEqual(run(9, 0.5, 0.85), [0, 0, 1]);
    assert.deepEqual(run(), []);
  });
});
