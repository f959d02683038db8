import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { neighboursOf } from './resize-grid.js';
import type { ResizeAttrs } from './resize-shape.js';
import { Resize } from './resize.js';

const PLAIN: ResizeAttrs = {
  mode: 'nearest',
  transform: 'half_pixel',
  nearest: 'round_prefer_floor',
  cubicA: -0.75,
  excludeOutside: false,
  antialias: false,
  axes: [0],
  scales: null,
  roi: null,
  extrapolation: 0,
  policy: 'stretch',
};
const resized = (values: number[], attrs: Partial<ResizeAttrs>, size?: number): number[] => {
  const x = fromNumbers('float32', [values.length], values);
  const sizes = size === undefined ? null : fromNumbers('int64', [1], [size]);
  return [...toNumbers(Resize.eval!([x, sizes], { ...PLAIN, ...attrs })[0]!)];
};

describe('Resize', () => {
  it('repeats nearest elements', () => {
    assert.deepEqual(resized([1, 2, 3], { scales: [2] }), [1, 1, 2, 2, 3, 3]);
    assert.deepEqual(resized([1, 2, 3, 4], {}, 2), [1, 3]);
    const floor = { transform: 'asymmetric', nearest: 'floor' } as const;
    assert.deepEqual(resized([1, 2, 3, 4], floor, 2), [1, 3]);
  });
  it('interpolates', () => {
    const linear = { mode: 'linear' } as const;
    assert.deepEqual(resized([0, 4], linear, 4), [0, 1, 3, 4]);
    assert.deepEqual(resized([0, 4], { ...linear, transform: 'align_corners' }, 3), [0, 2, 4]);
    assert.deepEqual(resized([0, 4], { ...linear, transform: 'asymmetric' }, 4), [0, 2, 4, 4]);
    assert.deepEqual(resized([0, 2, 4, 6], { ...linear, antialias: true }, 2), [1.25, 4.75]);
  });
  it('has weights that add up to one', () => {
    for (const mode of ['linear', 'cubic'] as const)
      for (const antialias of [false, true])
        for (const length of [3, 7, 13, 40]) {
          const attrs = { ...PLAIN, mode, antialias };
          for (let i = 0; i < length; i++) {
            const taps = neighboursOf(i, attrs, { size: 13, length, scale: 0, roi: [0, 1] });
            const sum = taps.weights.reduce((a, b) => a + b, 0);
            assert.ok(Math.abs(sum - 1) < 1e-9, `${mode} ${length} ${i}: ${sum}`);
          }
        }
  });
  it('divides positions in float32', () => {
    // 11 / 1.1 is 10 in float32 arithmetic and less in any wider one
    const attrs = { ...PLAIN, transform: 'asymmetric', nearest: 'floor' } as const;
    const axis = { size: 20, length: 22, scale: 1.1, roi: [0, 1] } as const;
    assert.deepEqual(neighboursOf(11, attrs, axis).places, [10]);
  });
  const n = D.symbolDim(D.newSymbol('n'));
  const x = input('x', { dtype: 'float32', shape: [1, n, 6, 3] });
  const heights = (scale: number): string =>
    D.format(shapeOf(apply(Resize, { ...PLAIN, axes: [1], scales: [scale] }, [x]))[1]!);
  it('scales symbolic sizes by ratios', () => {
    assert.equal(heights(2), '2*n');
    assert.equal(heights(0.5), 'floorDiv(n, 2)');
    assert.equal(heights(Math.fround(1.6)), 'floorDiv(8*n, 5)');
    assert.equal(heights(Math.fround(1 / 3)), 'floorDiv(n, 3)');
    assert.throws(() => heights(Math.fround(Math.PI)), /needs n/);
  });
  it('takes sizes that are expressions', () => {
    const sizes: Value = apply(Resize, { ...PLAIN, axes: [1, 2] }, [
      x,
      literal('int64', [2], [7, 9]),
    ]);
    assert.deepEqual(shapeOf(sizes), [1, 7, 9, 3]);
  });
  it('keeps proportions', () => {
    const shape = (policy: ResizeAttrs['policy']): readonly D.Dim[] => {
      const image = input('x', { dtype: 'float32', shape: [10, 20] });
      const sizes = literal('int64', [2], [30, 30]);
      return shapeOf(apply(Resize, { ...PLAIN, axes: [0, 1], policy }, [image, sizes]));
    };
    assert.deepEqual(shape('stretch'), [30, 30]);
    assert.deepEqual(shape('not_larger'), [15, 30]);
    assert.deepEqual(shape('not_smaller'), [30, 60]);
  });
});
