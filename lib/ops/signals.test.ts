/** Transforms and samplers beyond what ONNX's test data covers. */
import assert from 'node:assert/strict';
import { apply } from '../ir/build.js';
import { input, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { type Tensor, fromNumbers, tensor, toNumbers } from '../tensor/tensor.js';
import { castTensor } from './cast.js';
import { Det } from './det.js';
import { DFT } from './dft.js';
import { GridSample } from './grid-sample.js';
import { HannWindow } from './hann-window.js';
import { RoiAlign } from './roi-align.js';
import { STFT } from './stft.js';
import { TfIdfVectorizer } from './tf-idf-vectorizer.js';

const floats = (shape: readonly number[], values: ArrayLike<number>): Tensor =>
  fromNumbers('float64', shape, values);
const rounded = (t: Tensor | undefined): number[] =>
  Array.from(toNumbers(t!), (v) => Math.round(v * 1e6) / 1e6 + 0);
const close = (got: Tensor, want: ArrayLike<number>): void =>
  toNumbers(got).forEach((v, i) =>
    assert.ok(Math.abs(v - want[i]!) < 1e-9, `element ${i}: ${v}, not ${want[i]}`),
  );

describe('DFT', () => {
  const attrs = { axis: 0, inverse: false, onesided: false };
  for (const n of [1, 2, 7, 12, 16])
    it(`of ${n} elements is its definition, and its inverse leads back`, () => {
      const values = Float64Array.from({ length: 2 * n }, (_, i) => Math.sin(i * i + 1));
      const [y] = DFT.eval!([floats([n, 2], values), null], attrs);
      const want = new Float64Array(2 * n);
      for (let k = 0; k < n; k++)
        for (let i = 0; i < n; i++) {
          const [c, s] = [Math.cos((2 * Math.PI * k * i) / n), Math.sin((2 * Math.PI * k * i) / n)];
          want[2 * k]! += values[2 * i]! * c + values[2 * i + 1]! * s;
          want[2 * k + 1]! += values[2 * i + 1]! * c - values[2 * i]! * s;
        }
      close(y!, want);
      close(DFT.eval!([y!, null], { ...attrs, inverse: true })[0]!, values);
    });
  it('cuts or fills, and leaves out what is symmetric', () => {
    const length = fromNumbers('int64', [], [4]);
    const [y] = DFT.eval!([floats([2, 1], [1, 2]), length], { ...attrs, onesided: true });
    assert.deepEqual(
      [y!.shape, rounded(y)],
      [
        [3, 2],
        [3, 0, 1, -2, -1, 0],
      ],
    );
    const n = D.symbolDim(D.newSymbol('n'));
    const x = input('x', { dtype: 'float32', shape: [n, 1] });
    assert.deepEqual(shapeOf(apply(DFT, { ...attrs, onesided: true }, [x])), [
      D.add(D.floorDiv(n, 2), 1),
      2,
    ]);
  });
});

it('STFT of a constant has only its sum', () => {
  const signal = floats([1, 8, 1], new Array<number>(8).fill(1));
  const inputs = [signal, fromNumbers('int64', [], [2]), floats([4], [1, 2, 2, 1])];
  const [y] = STFT.eval!(inputs, { onesided: true });
  assert.deepEqual(y!.shape, [1, 3, 3, 2]);
  assert.equal(rounded(y)[0], 6);
});

it('GridSample finds elements of volumes at their centres', () => {
  const x = floats([1, 1, 2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
  const places = floats([1, 1, 1, 2, 3], [1, -1, -1, -1, 1, 1]);
  for (const mode of ['nearest', 'linear', 'cubic'] as const) {
    const [y] = GridSample.eval!([x, places], { mode, padding: 'border', alignCorners: true });
    assert.deepEqual(
      [y!.shape, rounded(y)],
      [
        [1, 1, 1, 1, 2],
        [1, 6],
      ],
    );
  }
});

it('RoiAlign takes mean or maximum of its samples', () => {
  const x = floats([1, 1, 2, 2], [1, 2, 3, 4]);
  const inputs = [x, floats([1, 4], [0, 0, 2, 2]), fromNumbers('int64', [1], [0])];
  const attrs = { halfPixel: true, height: 1, width: 1, samplingRatio: 2, scale: 1 };
  assert.deepEqual(rounded(RoiAlign.eval!(inputs, { ...attrs, mode: 'avg' })[0]), [2.5]);
  assert.deepEqual(rounded(RoiAlign.eval!(inputs, { ...attrs, mode: 'max' })[0]), [4]);
  inputs[2] = fromNumbers('int64', [1], [1]);
  assert.throws(() => RoiAlign.eval!(inputs, { ...attrs, mode: 'max' }), /no image 1/);
});

it('TfIdfVectorizer weighs strings', () => {
  const attrs = {
    lengths: [1, 2],
    maxSkip: 0,
    starts: [0, 2],
    indexes: [2, 0, 1],
    pool: ['a', 'b', 'a', 'b'],
    strings: true,
    weights: [2, 3, 5],
  } as const;
  const words = tensor('string', [4], ['a', 'b', 'a', 'c']);
  const of = (mode: 'TF' | 'IDF' | 'TFIDF'): number[] =>
    rounded(TfIdfVectorizer.eval!([words], { ...attrs, mode })[0]);
  assert.deepEqual(
    [of('TF'), of('IDF'), of('TFIDF')],
    [
      [1, 1, 2],
      [3, 5, 2],
      [3, 5, 4],
    ],
  );
});

it('Det changes its sign with the rows and is 0 where they depend', () => {
  const of = (...m: number[]): number[] => rounded(Det.eval!([floats([2, 2], m)], {})[0]);
  assert.deepEqual([of(0, 1, 1, 0), of(1, 2, 2, 4), of(2, 0, 0, 3)], [[-1], [0], [6]]);
});

it('HannWindow is periodic or symmetric', () => {
  const of = (size: number, periodic: boolean): number[] =>
    rounded(
      HannWindow.eval!([fromNumbers('int64', [], [size])], { dtype: 'float32', periodic })[0],
    );
  assert.deepEqual(of(4, true), [0, 0.5, 1, 0.5]);
  assert.deepEqual([of(3, false), of(1, false), of(0, true)], [[0, 1, 0], [1], []]);
});

it('Cast writes floats as short as their type allows', () => {
  const text = (dtype: 'float32' | 'float64', ...values: number[]): unknown =>
    castTensor(fromNumbers(dtype, [values.length], values), 'string').data;
  assert.deepEqual(text('float32', 0.1, 0.9767611, 16777217, 1 / 3, -Infinity, NaN), [
    '0.1',
    '0.9767611',
    '16777216',
    '0.33333334',
    '-INF',
    'NaN',
  ]);
  assert.deepEqual(text('float64', 0.1, 1 / 3), ['0.1', '0.3333333333333333']);
});
