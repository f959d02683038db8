import assert from 'node:assert/strict';
import { apply } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { Conv, type ConvAttrs } from './conv.js';
import { Relu } from './relu.js';

const floats = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('float32', shape, values);
const x = (...shape: D.Dim[]): Value => input('x', { dtype: 'float32', shape });

const line: ConvAttrs = {
  kernel: [3],
  strides: [1],
  dilations: [1],
  pads: [[1, 1]],
  group: 1,
  stages: [],
};
const square: ConvAttrs = {
  kernel: [2, 2],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [
    [0, 0],
    [0, 0],
  ],
  group: 1,
  stages: [],
};
const run = (attrs: ConvAttrs, ...inputs: (Tensor | null)[]): number[] => [
  ...toNumbers(Conv.eval!(inputs, attrs)[0]!),
];

describe('Conv', () => {
  const signal = floats([1, 4, 1], 1, 2, 3, 4);
  it('slides the kernel over zeros at the border', () => {
    assert.deepEqual(run(line, signal, floats([1, 1, 3], 1, 10, 100)), [210, 321, 432, 43]);
  });
  it('strides and dilates', () => {
    const w = floats([1, 1, 3], 1, 10, 100);
    assert.deepEqual(run({ ...line, strides: [2] }, signal, w), [210, 432]);
    assert.deepEqual(run({ ...line, dilations: [2] }, signal, w), [420, 31]);
  });
  it('keeps the size where asked to, the odd zero behind or before', () => {
    const w = floats([1, 1, 2], 1, 10);
    const two = { ...line, kernel: [2] };
    assert.deepEqual(run({ ...two, pads: 'same_upper' }, signal, w), [21, 32, 43, 4]);
    assert.deepEqual(run({ ...two, pads: 'same_lower' }, signal, w), [10, 21, 32, 43]);
  });
  it('sums channels that are innermost, and adds the bias', () => {
    const image = floats([1, 2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8);
    const w = floats([2, 2, 2, 2], 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0);
    assert.deepEqual(run(square, image, w, floats([2], 0.5, -0.5)), [16.5, 8.5]);
  });
  it('works in groups', () => {
    const pairs = floats([1, 2, 4], 1, 2, 3, 4, 5, 6, 7, 8);
    const w = floats([2, 2, 1], 1, 10, 100, 1000);
    const attrs = { ...line, kernel: [1], pads: [[0, 0] as const], group: 2 };
    assert.deepEqual(run(attrs, pairs, w), [21, 4300, 65, 8700]);
  });
  it('runs stages', () => {
    const stages = [{ op: Relu as OpDef, attrs: {}, args: [0] }];
    const w = floats([1, 1, 3], 0, -1, 1);
    assert.deepEqual(run({ ...line, stages }, signal, w), [1, 1, 1, 0]);
  });
  it('infers symbolic sizes', () => {
    const [n, h] = [D.symbolDim(D.newSymbol('n')), D.symbolDim(D.newSymbol('h', { min: 1 }))];
    const attrs: ConvAttrs = { ...square, strides: [2, 2] };
    const y = shapeOf(apply(Conv, attrs, [x(n, h, 9, 3), x(5, 3, 2, 2), null]));
    assert.deepEqual([y[0], y[2], y[3]], [n, 4, 5]);
    assert.equal(
      D.evaluate(y[1]!, () => 11),
      5,
    );
  });
  it('refuses what does not fit', () => {
    const fails = (attrs: ConvAttrs, ...inputs: Value[]): void =>
      assert.throws(() => apply(Conv, attrs, [...inputs, null].slice(0, 3)), {
        code: 'HAIO_E_SHAPE',
      });
    fails(square, x(1, 5, 5, 4), x(5, 3, 2, 2));
    fails(square, x(1, 5, 5, 3), x(5, 3, 3, 2));
    fails(square, x(1, 5, 3), x(5, 3, 2, 2));
    fails({ ...square, group: 2 }, x(1, 5, 5, 4), x(5, 2, 2, 2));
    fails(square, x(1, 5, 5, 3), x(5, 3, 2, 2), x(4));
  });
  it('is imported with channels first and the kernel of the weight', () => {
    const inputs = [x(1, 2, 1, 3), x(1, 2, 1, 2)];
    const ints = (name: string, fallback?: readonly number[]): readonly number[] =>
      name === 'pads' ? [0, 1, 0, 0] : fallback!;
    const node = {
      type: 'Conv',
      inputs,
      ints,
      int: (_: string, fallback: number) => fallback,
      string: (_: string, fallback: string) => fallback,
    } as unknown as OnnxNode;
    const outputs = Conv.onnx![0]!.build!(node);
    const image = floats([1, 2, 1, 3], 1, 2, 3, 4, 5, 6);
    const y = evalGraph({ inputs, outputs, outputNames: ['y'] }, [
      image,
      floats([1, 2, 1, 2], 1, 10, 100, 1000),
    ])[0]!;
    assert.deepEqual(y.shape, [1, 1, 1, 3]);
    assert.deepEqual([...toNumbers(y)], [4010, 5421, 6532]);
  });
});
