import assert from 'node:assert/strict';
import { apply } from '../ir/build.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import { PinRequest } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { ConvTranspose, type ConvTransposeAttrs } from './conv-transpose.js';

const floats = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('float32', shape, values);
const x = (...shape: D.Dim[]): Value => input('x', { dtype: 'float32', shape });

const line: ConvTransposeAttrs = {
  kernel: [3],
  strides: [2],
  dilations: [1],
  pads: [[0, 0]],
  outputPadding: [0],
  outputShape: null,
  group: 1,
  stages: [],
};
const run = (attrs: ConvTransposeAttrs, ...inputs: (Tensor | null)[]): number[] => [
  ...toNumbers(ConvTranspose.eval!(inputs, attrs)[0]!),
];

describe('ConvTranspose', () => {
  const signal = floats([1, 2, 1], 1, 2);
  const w = floats([1, 1, 3], 1, 10, 100);
  it('spreads each element over the kernel', () => {
    assert.deepEqual(run(line, signal, w), [1, 10, 102, 20, 200]);
    assert.deepEqual(
      run({ ...line, dilations: [3] }, signal, w),
      [1, 0, 2, 10, 0, 20, 100, 0, 200],
    );
  });
  it('cuts off pads and appends output padding', () => {
    assert.deepEqual(run({ ...line, pads: [[1, 2]] }, signal, w), [10, 102]);
    assert.deepEqual(run({ ...line, outputPadding: [1] }, signal, w), [1, 10, 102, 20, 200, 0]);
  });
  it('makes a given shape, what is too much is cut off behind or before', () => {
    const four = { ...line, outputShape: [4] };
    assert.deepEqual(run({ ...four, pads: 'same_lower' }, signal, w), [10, 102, 20, 200]);
    assert.deepEqual(run({ ...four, pads: 'same_upper' }, signal, w), [1, 10, 102, 20]);
    assert.deepEqual(run({ ...line, pads: 'same_upper' }, signal, w), [1, 10, 102, 20]);
  });
  it('works in groups and adds the bias', () => {
    const pairs = floats([1, 1, 2], 3, 5);
    const weights = floats([2, 2, 1], 1, 10, 100, 1000);
    const attrs = { ...line, kernel: [1], strides: [1], group: 2 };
    assert.deepEqual(run(attrs, pairs, weights, floats([4], 0, 0, 0, 1)), [3, 30, 500, 5001]);
  });
  it('infers symbolic sizes; a given shape needs to know its input', () => {
    const h = D.symbolDim(D.newSymbol('h', { min: 1 }));
    const grown = shapeOf(apply(ConvTranspose, line, [x(1, h, 4), x(4, 6, 3), null]));
    assert.deepEqual(grown, [1, D.add(D.mul(h, 2), 1), 6]);
    const same = { ...line, pads: 'same_upper' } as const;
    const doubled = shapeOf(apply(ConvTranspose, same, [x(1, h, 4), x(4, 6, 3), null]));
    assert.deepEqual(doubled, [1, D.mul(h, 2), 6]);
    const given = { ...same, outputShape: [9] };
    assert.throws(() => apply(ConvTranspose, given, [x(1, h, 4), x(4, 6, 3), null]), PinRequest);
  });
  it('refuses what does not fit', () => {
    const fails = (...inputs: Value[]): void =>
      assert.throws(() => apply(ConvTranspose, line, [...inputs, null].slice(0, 3)), {
        code: 'HAIO_E_SHAPE',
      });
    fails(x(1, 5, 4), x(3, 6, 3));
    fails(x(1, 5, 4), x(4, 6, 2));
    fails(x(1, 5, 5, 4), x(4, 6, 3));
    fails(x(1, 5, 4), x(4, 6, 3), x(5));
  });
});
