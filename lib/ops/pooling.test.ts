import assert from 'node:assert/strict';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { AveragePool } from './average-pool.js';
import { LpPool } from './lp-pool.js';
import { MaxPool, firstIndex } from './max-pool.js';
import { type PoolAttrs, axesOf, pooledShape } from './pooling.js';

const plain = (kernel: number[], more: Partial<PoolAttrs> = {}): PoolAttrs => ({
  kernel,
  strides: kernel.map(() => 1),
  dilations: kernel.map(() => 1),
  pads: kernel.map(() => [0, 0] as const),
  ceil: false,
  ...more,
});
const size = (n: number, attrs: PoolAttrs) => pooledShape(attrs, [1, n, 1])[1];

describe('sizes of pools', () => {
  it('round down, or up with ceil', () => {
    assert.equal(size(6, plain([3], { strides: [2] })), 2);
    assert.equal(size(6, plain([3], { strides: [2], ceil: true })), 3);
    assert.equal(size(7, plain([3], { strides: [2], ceil: true })), 3);
    assert.equal(size(5, plain([2], { dilations: [3] })), 2);
  });
  it('count no window that starts behind the input', () => {
    const attrs = plain([2], { strides: [3], pads: [[0, 1]], ceil: true });
    assert.equal(size(3, attrs), 1);
    assert.equal(size(4, attrs), 2);
  });
  it('are ⌈size / stride⌉ with automatic padding', () => {
    const attrs = plain([3], { strides: [2], pads: 'same_upper' });
    assert.deepEqual(
      [5, 6].map((n) => axesOf(attrs, [1, n, 1])[0]),
      [
        { size: 3, before: 1, after: 1 },
        { size: 3, before: 0, after: 1 },
      ],
    );
    assert.deepEqual(axesOf({ ...attrs, pads: 'same_lower' }, [1, 6, 1])[0], {
      size: 3,
      before: 1,
      after: 0,
    });
  });
  it('are the same when bound later', () => {
    const symbol = D.newSymbol('n', { min: 0 });
    const variants = [
      plain([3], { strides: [2], pads: [[1, 1]], ceil: true }),
      plain([2], { strides: [3], pads: [[1, 0]] }),
      plain([3], { dilations: [2], strides: [2], pads: 'same_lower' }),
    ];
    for (const attrs of variants) {
      const later = axesOf(attrs, [1, D.symbolDim(symbol), 1])[0]!;
      for (let n = 5; n < 20; n++) {
        const now = axesOf(attrs, [1, n, 1])[0]!;
        const bound = (d: D.Dim) => D.evaluate(d, () => n);
        assert.deepEqual([later.size, later.before, later.after].map(bound), [
          now.size,
          now.before,
          now.after,
        ]);
      }
    }
  });
  it('must not be negative', () => {
    assert.throws(() => size(1, plain([5])), /larger than the input/);
    assert.throws(() => pooledShape(plain([2]), [1, 2, 2, 1]), /does not fit rank/);
  });
});

describe('pools', () => {
  // two channels: 1…9 and 10 times that
  const x = fromNumbers(
    'float32',
    [1, 3, 3, 2],
    Array.from({ length: 18 }, (_, i) => (1 + (i >> 1)) * (i % 2 ? 10 : 1)),
  );
  const first = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % 2 === 0);
  it('MaxPool', () => {
    const attrs = { ...plain([2, 2]), indices: 'row' } as const;
    const [y, places] = MaxPool.eval!([x], attrs);
    assert.deepEqual([...toNumbers(y!)], [5, 50, 6, 60, 8, 80, 9, 90]);
    assert.deepEqual([...toNumbers(places!)], [4, 13, 5, 14, 7, 16, 8, 17]);
    const column = MaxPool.eval!([x], { ...attrs, indices: 'column' })[1]!;
    assert.deepEqual(first(toNumbers(column)), [4, 7, 5, 8]);
  });
  it('places are those of [N, C, ...spatial]', () => {
    assert.equal(firstIndex(0, [2, 3, 4, 5], false), 0);
    // n = 1, h = 2, w = 3, c = 4
    const at = ((1 * 3 + 2) * 4 + 3) * 5 + 4;
    assert.equal(firstIndex(at, [2, 3, 4, 5], false), ((1 * 5 + 4) * 3 + 2) * 4 + 3);
    assert.equal(firstIndex(at, [2, 3, 4, 5], true), ((1 * 5 + 4) * 4 + 3) * 3 + 2);
  });
  it('AveragePool counts padding only when asked to', () => {
    const attrs = plain([2, 2], {
      strides: [2, 2],
      pads: [
        [1, 0],
        [1, 0],
      ],
    });
    const of = (countPadding: boolean) =>
      first(toNumbers(AveragePool.eval!([x], { ...attrs, countPadding })[0]!));
    assert.deepEqual(of(false), [1, 2.5, 5.5, 7]);
    assert.deepEqual(of(true), [0.25, 1.25, 2.75, 7]);
  });
  it('AveragePool with ceil divides by what lies inside input and padding', () => {
    const attrs = { ...plain([2, 2], { strides: [2, 2], ceil: true }), countPadding: true };
    assert.deepEqual(first(toNumbers(AveragePool.eval!([x], attrs)[0]!)), [3, 4.5, 7.5, 9]);
  });
  it('LpPool', () => {
    const of = (p: number) => toNumbers(LpPool.eval!([x], { ...plain([1, 2]), p })[0]!)[0]!;
    assert.equal(of(1), 3);
    assert.ok(Math.abs(of(2) - Math.sqrt(5)) < 1e-6);
    assert.ok(Math.abs(of(3) - Math.cbrt(9)) < 1e-6);
  });
});
