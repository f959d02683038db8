import assert from 'node:assert/strict';
import { apply, applyAll, literal } from '../ir/build.js';
import { type Value, dtypeOf, input, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { Concat } from './concat.js';
import { Expand } from './expand.js';
import { Gather } from './gather.js';
import { groupAxes, reshapeOperand } from './regroup.js';
import { Reshape } from './reshape.js';
import { Shape } from './shape.js';
import { Size } from './size.js';
import { Slice } from './slice.js';
import { Squeeze } from './squeeze.js';
import { Tile } from './tile.js';
import { Unsqueeze } from './unsqueeze.js';

const sym = (name: string, min = 1): D.Dim => D.symbolDim(D.newSymbol(name, { min }));
const n = sym('n');
const s = sym('s');
const ints = (...values: number[]): Value => literal('int64', [values.length], values);
const x = (...shape: D.Dim[]): Value => input('x', { dtype: 'float32', shape });
const reshape = (v: Value, ...to: number[]): Value =>
  apply(Reshape, { allowzero: false }, [v, ints(...to)]);
const formats = (list: readonly D.Dim[] | undefined): string[] => (list ?? []).map(D.format);

describe('Reshape', () => {
  it('copies sizes for 0 and divides for −1', () => {
    assert.deepEqual(shapeOf(reshape(x(2, 3, 4), 0, -1)), [2, 12]);
    assert.deepEqual(formats(shapeOf(reshape(x(n, s, 768), 0, 0, 12, -1))), ['n', 's', '12', '64']);
    assert.deepEqual(formats(shapeOf(reshape(x(n, s, 768), -1, 768))), ['n*s', '768']);
  });
  it('divides by sums', () => {
    const w = D.add(s, 2);
    assert.deepEqual(
      shapeOf(
        apply(Reshape, { allowzero: true }, [
          x(n, w, 5),
          apply(Concat, { axis: 0 }, [ints(-1), apply(Shape, { start: 1 }, [x(n, w, 5)])]),
        ]),
      ),
      [n, w, 5],
    );
  });
  it('keeps 0 as a size where allowed', () => {
    const v = apply(Reshape, { allowzero: true }, [x(0, 4), ints(3, 0)]);
    assert.deepEqual(shapeOf(v), [3, 0]);
  });
  it('refuses what does not fit', () => {
    const refused = (v: Value, ...to: number[]): void =>
      assert.throws(() => reshape(v, ...to), { code: 'HAIO_E_SHAPE' });
    refused(x(2, 3), 4);
    refused(x(2, 3), 4, -1);
    refused(x(2, 3), -1, -1);
    refused(x(2, 3), 2, 3, 0);
    refused(x(2, 3), -2, -3);
  });
  it('has fresh sizes where the shape is computed', () => {
    const to = input('to', { dtype: 'int64', shape: [3] });
    const sizes = shapeOf(apply(Reshape, { allowzero: false }, [x(2, 3), to]));
    assert.equal(sizes.length, 3);
    assert.ok(sizes.every(D.isSym));
  });
});

describe('symbolic values', () => {
  const v = x(n, s, 64);
  const shape = apply(Shape, {}, [v]);
  it('pass through the ops that exporters compute shapes with', () => {
    const index = (i: number): Value => literal('int64', [], [i]);
    const part = apply(Gather, { axis: 0 }, [shape, index(1)]);
    assert.deepEqual(formats(part.fact.value), ['s']);
    const vector = apply(Unsqueeze, { axes: [0] }, [part]);
    const all = apply(Concat, { axis: 0 }, [vector, ints(-1, 8), vector]);
    assert.deepEqual(formats(all.fact.value), ['s', '-1', '8', 's']);
    const tail = apply(Slice, { axes: [0], steps: [1] }, [shape, ints(-2), ints(2 ** 40)]);
    assert.deepEqual(formats(tail.fact.value), ['s', '64']);
    assert.deepEqual(formats(apply(Squeeze, { axes: [0] }, [vector]).fact.value), ['s']);
    assert.deepEqual(formats(apply(Tile, {}, [vector, ints(2)]).fact.value), ['s', 's']);
    assert.deepEqual(formats(apply(Expand, {}, [part, ints(2)]).fact.value), ['s', 's']);
    assert.deepEqual(formats(apply(Size, {}, [v]).fact.value), ['64*n*s']);
  });
  it('steer the shapes of others', () => {
    const y = apply(Expand, {}, [x(1, 1, 64), shape]);
    assert.deepEqual(shapeOf(y), [n, s, 64]);
    const z = apply(Tile, {}, [x(2, 1, 1), shape]);
    assert.deepEqual(formats(shapeOf(z)), ['2*n', 's', '64']);
  });
  it('give the same elements as eval', () => {
    const t = fromNumbers('float32', [2, 3, 4], new Array<number>(24).fill(0));
    assert.deepEqual([...toNumbers(Shape.eval!([t], { start: -2, end: -1 })[0]!)], [3]);
    assert.deepEqual(formats(apply(Shape, { start: -2, end: -1 }, [v]).fact.value), ['s']);
    assert.equal(dtypeOf(shape), 'int64');
  });
});

describe('groups of axes', () => {
  const groups = (from: D.Dim[], to: D.Dim[]): string =>
    (groupAxes(from, to) ?? []).map((g) => `${g.from.join()}=${g.to.join()}`).join(' ');
  it('are the finest that hold for all sizes', () => {
    assert.equal(groups([2, 6, 4], [2, 2, 3, 4]), '0=0 1=1,2 2=3');
    assert.equal(groups([n, s, 768], [n, s, 12, 64]), '0=0 1=1 2=2,3');
    assert.equal(groups([n, s, 768], [D.mul(n, s), 768]), '0,1=0 2=1');
    assert.equal(groups([2, 1, 3], [1, 2, 3, 1]), '0=1 2=2');
    assert.equal(groups([4, 6], [6, 4]), '0,1=0,1');
  });
  it('are none where sizes cannot be compared', () => {
    assert.equal(groupAxes([n, s], [s, n]), null);
    assert.equal(groupAxes([0, 3], [3, 0]), null);
  });
  it('split strided axes but do not merge them over gaps', () => {
    const o = { buffer: { kind: 'arena', bytes: 0 }, dtype: 'float32', offset: 0 } as const;
    const part = { ...o, shape: [2, 3, 64], strides: [3 * 192, 192, 1] };
    assert.deepEqual(reshapeOperand(part, [2, 3, 8, 8])?.strides, [3 * 192, 192, 8, 1]);
    assert.deepEqual(reshapeOperand(part, [6, 64])?.strides, [192, 1]);
    assert.equal(reshapeOperand(part, [2, 192]), null);
  });
});

describe('data-dependent rank', () => {
  it('is asked for', () => {
    const to = input('to', { dtype: 'int64', shape: [n] });
    assert.throws(() => applyAll(Reshape, { allowzero: false }, [x(2, 3), to]), /needs n/);
  });
});
