import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { type Node, input, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { Pad, type PadAttrs } from './pad.js';
import { Shape } from './shape.js';

function padded(mode: PadAttrs['mode'], before: number, after: number, n = 3): number[] {
  const x = fromNumbers(
    'float32',
    [n],
    Array.from({ length: n }, (_, i) => i + 1),
  );
  const pads = fromNumbers('int64', [2], [before, after]);
  const value = fromNumbers('float32', [], [9]);
  return [...toNumbers(Pad.eval!([x, pads, value], { mode, axes: [0] })[0]!)];
}

describe('Pad', () => {
  it('extends as the mode says', () => {
    assert.deepEqual(padded('constant', 2, 1), [9, 9, 1, 2, 3, 9]);
    assert.deepEqual(padded('edge', 2, 1), [1, 1, 1, 2, 3, 3]);
    assert.deepEqual(padded('reflect', 2, 2), [3, 2, 1, 2, 3, 2, 1]);
    assert.deepEqual(padded('reflect', 5, 0), [2, 1, 2, 3, 2, 1, 2, 3]);
    assert.deepEqual(padded('wrap', 4, 2), [3, 1, 2, 3, 1, 2, 3, 1, 2]);
  });
  it('cuts off where negative', () => {
    assert.deepEqual(padded('constant', -1, 1), [2, 3, 9]);
    assert.deepEqual(padded('edge', 1, -2), [1, 1]);
  });
  it('fills what has no element to repeat', () => {
    assert.deepEqual(padded('reflect', 1, 1, 0), [9, 9]);
    assert.deepEqual(padded('reflect', 2, 1, 1), [1, 1, 1, 1]);
  });
  const n = D.symbolDim(D.newSymbol('n'));
  const x = input('x', { dtype: 'float32', shape: [n, 4] });
  const zero = literal('float32', [], [0]);
  const place = (pads: readonly number[]) => {
    const attrs = { mode: 'constant', axes: [0, 1] } as const;
    const y = apply(Pad, attrs, [x, literal('int64', [4], pads), zero]);
    const shape = shapeOf(y);
    const out = { buffer: { kind: 'arena', bytes: 0 }, dtype: 'float32', shape } as const;
    return Pad.parts!(y.node as Node<PadAttrs>, { ...out, strides: [10, 1], offset: 3 })[0];
  };
  it('has its input inside of the output', () => {
    const part = place([1, 2, 0, 3])!;
    assert.deepEqual([part.shape, part.strides, part.offset], [[n, 4], [10, 1], 3 + 10 + 2]);
    assert.equal(place([1, -1, 0, 3]), null);
  });
  it('takes symbolic pads', () => {
    const size = apply(Shape, { start: 0, end: 2 }, [x]);
    const y = apply(Pad, { mode: 'constant', axes: [1] }, [x, size, zero]);
    assert.deepEqual(shapeOf(y).map(D.format), ['n', 'n + 8']);
  });
  it('refuses to leave less than nothing', () => {
    const pads = literal('int64', [2], [-3, -2]);
    assert.throws(() => apply(Pad, { mode: 'edge', axes: [1] }, [x, pads, zero]), {
      code: 'HAIO_E_SHAPE',
    });
  });
});
