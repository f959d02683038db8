import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { input, shapeOf } from '../ir/graph.js';
import { type DType } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, tensor, toNumbers } from '../tensor/tensor.js';
import { GatherElements } from './gather-elements.js';
import { GatherND } from './gather-nd.js';
import { Gather } from './gather.js';
import { OneHot } from './one-hot.js';
import { ScatterElements } from './scatter-elements.js';
import { ScatterND } from './scatter-nd.js';
import { TopK } from './top-k.js';

const ints = (shape: number[], ...values: number[]): Tensor => fromNumbers('int64', shape, values);
const floats = (shape: number[], ...values: number[]): Tensor =>
  fromNumbers('float32', shape, values);
const numbers = (t: Tensor | undefined): number[] => [...toNumbers(t!)];

describe('Gather', () => {
  const x = floats([3, 2], 1, 2, 3, 4, 5, 6);
  it('counts negative indices from the end', () => {
    const got = Gather.eval!([x, ints([2, 1], -1, 0)], { axis: 0 })[0]!;
    assert.deepEqual(got.shape, [2, 1, 2]);
    assert.deepEqual(numbers(got), [5, 6, 1, 2]);
  });
  it('moves strings', () => {
    const s = tensor('string', [2], ['a', 'b']);
    assert.deepEqual(Gather.eval!([s, ints([], 1)], { axis: 0 })[0]!.data, ['b']);
  });
  it('refuses indices outside, known or not', () => {
    assert.throws(() => Gather.eval!([x, ints([1], 3)], { axis: 0 }), { code: 'HAIO_E_DATA' });
    const v = input('x', { dtype: 'float32', shape: [3, 2] });
    assert.throws(() => apply(Gather, { axis: 1 }, [v, literal('int64', [1], [-3])]), {
      code: 'HAIO_E_SHAPE',
    });
    assert.throws(() => apply(Gather, { axis: 2 }, [v, literal('int64', [1], [0])]), {
      code: 'HAIO_E_SHAPE',
    });
    assert.throws(() => apply(Gather, { axis: 0 }, [v, literal('float32', [1], [0])]), {
      code: 'HAIO_E_TYPE',
    });
  });
});

describe('GatherND and GatherElements', () => {
  it('take slices after the batch', () => {
    const x = floats([2, 2, 2], 0, 1, 2, 3, 4, 5, 6, 7);
    const got = GatherND.eval!([x, ints([2, 1], 1, -2)], { batchDims: 1 })[0]!;
    assert.deepEqual(
      [got.shape, numbers(got)],
      [
        [2, 2],
        [2, 3, 4, 5],
      ],
    );
  });
  it('have the shape of their indices', () => {
    const v = input('x', { dtype: 'int8', shape: [4, 5, 6] });
    const i = input('i', { dtype: 'int32', shape: [7, 2] });
    assert.deepEqual(shapeOf(apply(GatherND, { batchDims: 0 }, [v, i])), [7, 6]);
    const e = input('e', { dtype: 'int64', shape: [4, 9, 6] });
    assert.deepEqual(shapeOf(apply(GatherElements, { axis: 1 }, [v, e])), [4, 9, 6]);
    assert.throws(() => apply(GatherElements, { axis: 0 }, [v, e]), { code: 'HAIO_E_SHAPE' });
  });
});

describe('scattering', () => {
  it('joins updates in order', () => {
    const x = floats([3], 1, 2, 3);
    const i = ints([4], 0, 2, 0, -1);
    const u = floats([4], 10, 20, 30, 40);
    const all = (['none', 'add', 'mul', 'min', 'max'] as const).map((reduction) =>
      numbers(ScatterElements.eval!([x, i, u], { axis: 0, reduction })[0]),
    );
    assert.deepEqual(all, [
      [30, 2, 40],
      [41, 2, 63],
      [300, 2, 2400],
      [1, 2, 3],
      [30, 2, 40],
    ]);
  });
  it('updates slices', () => {
    const x = floats([2, 2, 2], 0, 1, 2, 3, 4, 5, 6, 7);
    const u = floats([1, 2], 8, 9);
    const got = ScatterND.eval!([x, ints([1, 2], 1, 0), u], { reduction: 'add' })[0];
    assert.deepEqual(numbers(got), [0, 1, 2, 3, 12, 14, 6, 7]);
  });
  it('keeps all bits of 64-bit integers', () => {
    const big = 2n ** 62n + 1n;
    const x = tensor('int64', [1], BigInt64Array.of(big));
    const u = tensor('int64', [1], BigInt64Array.of(1n));
    const got = ScatterElements.eval!([x, ints([1], 0), u], { axis: 0, reduction: 'add' })[0]!;
    assert.equal(got.data[0], big + 1n);
  });
  it('leaves the rest of 16-bit floats alone', () => {
    const half = (values: number[]): Tensor => fromNumbers('float16', [values.length], values);
    const got = ScatterElements.eval!([half([1, 2]), ints([1], 1), half([0.5])], {
      axis: 0,
      reduction: 'mul',
    })[0];
    assert.deepEqual(numbers(got), [1, 1]);
  });
});

describe('OneHot', () => {
  it('ignores indices outside', () => {
    const got = OneHot.eval!([ints([3], 1, -1, 5), ints([], 3), floats([2], 0, 2)], {
      axis: 0,
    })[0]!;
    assert.deepEqual(got.shape, [3, 3]);
    assert.deepEqual(numbers(got), [0, 0, 0, 2, 0, 0, 0, 2, 0]);
  });
});

describe('TopK', () => {
  const best = (values: number[], k: number, largest: boolean, dtype: DType = 'float32') =>
    TopK.eval!([fromNumbers(dtype, [values.length], values), ints([1], k)], {
      axis: 0,
      largest,
    }).map(numbers);
  it('takes the first of equal elements first', () => {
    assert.deepEqual(best([1, 3, 3, 2], 3, true), [
      [3, 3, 2],
      [1, 2, 3],
    ]);
    assert.deepEqual(best([1, 3, 1, 2], 2, false, 'int32'), [
      [1, 1],
      [0, 2],
    ]);
  });
  it('counts NaN as greatest', () => {
    assert.deepEqual(best([1, NaN, Infinity], 2, true)[1], [1, 2]);
    assert.deepEqual(best([1, NaN, Infinity], 2, false)[1], [0, 2]);
  });
  it('refuses more than there are', () => {
    const x = input('x', { dtype: 'float32', shape: [3] });
    const k = literal('int64', [1], [4]);
    assert.throws(() => apply(TopK, { axis: 0, largest: true }, [x, k]), { code: 'HAIO_E_SHAPE' });
  });
});
