import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apply, literal } from '../ir/build.js';
import { input, isTensorType, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { Slice } from './slice.js';
import { Split } from './split.js';

/** Python's slice of 0…size−1. */
function sliced(size: number, start: number, end: number, step: number): number[] {
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? size : size - 1;
  const clamp = (i: number): number => Math.max(low, Math.min(high, i < 0 ? i + size : i));
  const [from, to] = [clamp(start), clamp(end)];
  const out: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) out.push(i);
  return out;
}
const ints = (...values: number[]) => fromNumbers('int64', [values.length], values);
const bound = fc.oneof(
  fc.integer({ min: -25, max: 25 }),
  fc.constantFrom(2 ** 31 - 1, -(2 ** 31), Number.MAX_SAFE_INTEGER),
);
const step = fc.integer({ min: -5, max: 5 }).filter((s) => s !== 0);

describe('Slice', () => {
  it('takes what Python takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), bound, bound, step, (size, a, b, s) => {
        const x = fromNumbers(
          'int32',
          [size],
          Array.from({ length: size }, (_, i) => i),
        );
        const attrs = { axes: [0], steps: [s] };
        const got = Slice.eval!([x, ints(a), ints(b)], attrs)[0]!;
        assert.deepEqual([...toNumbers(got)], sliced(size, a, b, s));
      }),
    );
  });
  it('has sizes that hold for all sizes of the input', () => {
    const symbol = D.newSymbol('n');
    const x = input('x', { dtype: 'float32', shape: [D.symbolDim(symbol)] });
    fc.assert(
      fc.property(bound, bound, step, fc.integer({ min: 0, max: 30 }), (a, b, s, size) => {
        const lists = [a, b].map((i) => literal('int64', [1], [i]));
        const y = apply(Slice, { axes: [0], steps: [s] }, [x, ...lists]);
        const count = D.evaluate(shapeOf(y)[0]!, () => size);
        assert.equal(count, sliced(size, a, b, s).length);
      }),
    );
  });
  it('keeps sizes simple where the input has at least one element', () => {
    const x = input('x', {
      dtype: 'float32',
      shape: [2, D.symbolDim(D.newSymbol('n', { min: 1 }))],
    });
    const cut = (a: number, b: number): string => {
      const lists = [a, b].map((i) => literal('int64', [1], [i]));
      return D.format(shapeOf(apply(Slice, { axes: [1], steps: [1] }, [x, ...lists]))[1]!);
    };
    assert.equal(cut(0, 2 ** 31 - 1), 'n');
    assert.equal(cut(0, -1), 'n - 1');
    assert.equal(cut(-1, 2 ** 62), '1');
    assert.equal(cut(0, 1), '1');
  });
  it('refuses a step of 0', () => {
    const x = input('x', { dtype: 'float32', shape: [3] });
    const one = literal('int64', [1], [1]);
    assert.throws(() => apply(Slice, { axes: [0], steps: [0] }, [x, one, one]), {
      code: 'HAIO_E_SHAPE',
    });
  });
});

describe('Split', () => {
  const parts = (size: D.Dim, count: number): D.Dim[] => {
    const x = input('x', { dtype: 'float32', shape: [size, 2] });
    return Split.infer(
      [x.fact],
      { axis: 0, count },
      {
        wanted: [],
        pin: () => 0,
        fresh: () => 0,
      },
    ).map((f) => (isTensorType(f.type) ? f.type.shape[0]! : -1));
  };
  it('makes equal parts, the last smaller', () => {
    assert.deepEqual(parts(6, 3), [2, 2, 2]);
    assert.deepEqual(parts(7, 3), [3, 3, 1]);
    assert.deepEqual(parts(4, 3), [2, 2, 0]);
  });
  it('divides symbolic sizes', () => {
    const n = D.symbolDim(D.newSymbol('n'));
    assert.deepEqual(parts(D.mul(n, 3), 3), [n, n, n]);
    for (const size of [0, 1, 5, 6, 7])
      assert.deepEqual(
        parts(n, 3).map((d) => D.evaluate(d, () => size)),
        parts(size, 3),
      );
  });
  it('refuses sizes that are not the whole', () => {
    const x = input('x', { dtype: 'float32', shape: [5] });
    const sizes = literal('int64', [2], [2, 2]);
    assert.throws(() => apply(Split, { axis: 0, count: 2 }, [x, sizes]), { code: 'HAIO_E_SHAPE' });
  });
});
