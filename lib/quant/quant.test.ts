/** The arithmetic of quantization, by hand. */
import assert from 'node:assert/strict';
import { encodeModel, graph, modelOf, node, valueInfo } from '../onnx/export.js';
import { fromNumbers } from '../tensor/tensor.js';
import { Comparison, keeps } from './accuracy.js';
import { meanError } from './bias.js';
import { Document } from './document.js';
import { Histogram, type Observer, rangeOf } from './observe.js';
import { dequantizeWeight, paramsFor, quantizeValue, quantizeWeight, roundEven } from './scheme.js';
import { select } from './select.js';
import { upgrade } from './upgrade.js';

const options = (observer: Observer, percentile = 99) =>
  ({ observer, percentile, type: 'uint8', symmetric: false }) as const;

describe('quantization', () => {
  it('rounds halves to even', () => {
    assert.deepEqual(
      [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6].map(roundEven),
      [0, 2, 2, 0, -2, 2, -3],
    );
  });

  it('chooses scale and zero point so that zero is exact', () => {
    const p = paramsFor(-1, 3, 'uint8', false);
    assert.equal(p.scale, Math.fround(4 / 255));
    assert.equal(p.zero, 64);
    assert.equal(quantizeValue(0, p), p.zero);
    assert.deepEqual(paramsFor(2, 3, 'uint8', false).zero, 0);
    assert.deepEqual(paramsFor(-3, -2, 'uint8', false).zero, 255);
    const s = paramsFor(-1, 3, 'int8', true);
    assert.deepEqual([s.scale, s.zero], [Math.fround(3 / 127), 0]);
    assert.equal(paramsFor(-1, 3, 'uint8', true).zero, 128);
    assert.ok(paramsFor(0, 0, 'int8', false).scale > 0);
  });

  it('quantizes weights by channel, never to −128', () => {
    const w = fromNumbers('float32', [2, 2], [1, -1, 0.5, 127]);
    const rows = quantizeWeight(w, 'int8', 0);
    assert.deepEqual([...rows.values.data].map(Number), [127, -127, 0, 127]);
    assert.deepEqual([...rows.scales], [Math.fround(1 / 127), 1]);
    assert.deepEqual([...dequantizeWeight(rows)], [1, -1, 0, 127]);
    const columns = quantizeWeight(w, 'int8', 1);
    assert.deepEqual([...columns.values.data].map(Number), [127, -1, 64, 127]);
    assert.equal(quantizeWeight(w, 'int8', null).scales.length, 1);
  });

  describe('ranges', () => {
    const seen = (...batches: readonly (readonly number[])[]): Histogram => {
      const h = new Histogram();
      for (const b of batches) h.add(b);
      return h;
    };
    const ramp = Array.from({ length: 1000 }, (_, i) => i / 1000);

    it('hold all values with minmax, and always 0', () => {
      assert.deepEqual(rangeOf(seen([1, 2], [-3]), options('minmax')), [-3, 2]);
      assert.deepEqual(rangeOf(seen([1, 2]), options('minmax')), [0, 2]);
      assert.deepEqual(rangeOf(seen([]), options('minmax')), [0, 0]);
      assert.deepEqual(rangeOf(seen([NaN, Infinity, 4]), options('minmax')), [0, 4]);
    });

    it('leave outliers out with the others', () => {
      const tail = Array.from({ length: 20_000 }, (_, i) => -Math.log((i + 0.5) / 20_000));
      const h = seen(tail, [60]);
      for (const observer of ['percentile', 'entropy'] as const) {
        const [lo, hi] = rangeOf(h, options(observer, 99.9));
        assert.ok(lo === 0 && hi < 30 && hi > 3, `${observer}: ${lo} to ${hi}`);
      }
      const [, hi] = rangeOf(seen(...new Array<number[]>(20).fill(ramp), [3]), options('mse'));
      assert.ok(hi < 3 && hi >= 0.9, `${hi}`);
    });

    it('do not depend on the order of the samples', () => {
      const [a, b] = [seen(ramp, [100], [-7]), seen([-7], [100], ramp)];
      assert.equal(a.total, b.total);
      assert.deepEqual([a.min, a.max], [b.min, b.max]);
    });

    it('count every value when the histogram grows', () => {
      const h = seen([0], [0.001, -0.002], [5], [1000]);
      assert.equal(
        h.counts.reduce((x, y) => x + y, 0),
        h.total,
      );
      assert.equal(h.total, 5);
    });
  });

  it('measures accuracy', () => {
    const of = (...values: number[]) => ({ y: fromNumbers('float32', [1, 3], values) });
    const c = new Comparison();
    c.add(of(1, 2, 3), of(1, 2, 3));
    assert.deepEqual(c.result, { cosine: 1, sqnr: Infinity, maxError: 0, top1: 1 });
    c.add(of(1, 0, 0), of(0, 1, 0));
    const { cosine, maxError, top1, sqnr } = c.result;
    assert.deepEqual([cosine, maxError, top1], [0, 1, 0.5]);
    assert.ok(Math.abs(sqnr - 10 * Math.log10(15 / 2)) < 1e-9);
    assert.ok(keeps(c.result, { top1: 0.5 }) && !keeps(c.result, { cosine: 0.1 }));
  });

  it('finds the mean error that quantized weights add', () => {
    const w = fromNumbers('float32', [2, 2], [1, 0.3, 0.1, -1]);
    const q = quantizeWeight(w, 'int8', null);
    const d = dequantizeWeight(q);
    const columns = { axis: 1, inputAxis: 0, node: { op_type: 'MatMul' } as never };
    const error = meanError(w, q, columns, Float64Array.of(2, 10));
    const by = (i: number): number => d[i]! - (w.data as Float32Array)[i]!;
    assert.deepEqual([...error], [by(0) * 2 + by(2) * 10, by(1) * 2 + by(3) * 10]);
  });

  describe('documents', () => {
    const old = (): Uint8Array =>
      encodeModel(
        modelOf(
          graph(
            [
              node('Unsqueeze', ['x'], ['u'], { axes: [0] }),
              node('Clip', ['u'], ['c'], { max: { float: 1 } }),
              node('Softmax', ['c'], ['s'], { axis: 1 }),
              node('Squeeze', ['s'], ['y'], { axes: [0] }),
            ],
            [valueInfo('x', 'float32', [2, 3])],
            [valueInfo('y', 'float32', [2, 3])],
          ),
          9,
        ),
      );

    it('are brought to version 13', () => {
      const doc = new Document(old());
      assert.ok(upgrade(doc));
      assert.equal(doc.opset, 13);
      assert.deepEqual(
        doc.nodes.map((n) => n.op_type),
        ['Unsqueeze', 'Clip', 'Shape', 'Flatten', 'Softmax', 'Reshape', 'Squeeze'],
      );
      const again = new Document(doc.encode());
      const clip = again.nodes.find((n) => n.op_type === 'Clip')!;
      assert.equal(clip.input[1], '');
      assert.equal(Number(again.constant(clip.input[2]!)!.data[0]), 1);
      assert.equal(again.opset, 13);
    });

    it('select what gains by integers', () => {
      const weights = {
        w1: fromNumbers('float32', [4, 3, 1, 1], new Array<number>(12).fill(1)),
        w2: fromNumbers('float32', [4, 4, 1, 1], new Array<number>(16).fill(1)),
      };
      const doc = new Document(
        encodeModel(
          modelOf(
            graph(
              [
                node('Conv', ['x', 'w1'], ['a']),
                node('Relu', ['a'], ['b']),
                node('MaxPool', ['b'], ['p'], { kernel_shape: [2, 2] }),
                node('Conv', ['p', 'w2'], ['c']),
                node('Sigmoid', ['c'], ['y']),
              ],
              [valueInfo('x', 'float32', [1, 3, 4, 4])],
              [valueInfo('y', 'float32', [1, 4, 3, 3])],
              weights,
            ),
            13,
          ),
        ),
      );
      const all = select(doc, { exclude: new Set(), ops: ['Conv'] });
      assert.deepEqual(all.values, ['x', 'p', 'b']);
      assert.deepEqual(
        all.inner.map((n) => n.op_type),
        ['MaxPool'],
      );
      const some = select(doc, { exclude: new Set(['c']), ops: ['Conv'] });
      assert.deepEqual(some.values, ['x']);
    });
  });
});
