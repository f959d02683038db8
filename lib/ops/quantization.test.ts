import assert from 'node:assert/strict';
import { HaioError } from '../errors.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, input } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { type DType, limitsOf } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { constant } from '../ir/build.js';
import { weightOf } from '../tensor/weight.js';
import { ConvInteger } from './conv-integer.js';
import { DequantizeLinear } from './dequantize-linear.js';
import { DynamicQuantizeLinear } from './dynamic-quantize-linear.js';
import { MatMulInteger } from './mat-mul-integer.js';
import { QuantizeLinear } from './quantize-linear.js';

const t = (dtype: DType, shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers(dtype, shape, values);
/** The extremes of a type and numbers between. */
function mixed(dtype: DType, seed: number, ...shape: number[]): Tensor {
  const [lo, hi] = limitsOf(dtype);
  const of = (i: number): number => (i % 3 === 0 ? hi : lo + ((i * 89 + seed) % (hi - lo + 1)));
  return t(dtype, shape, ...Array.from({ length: sizeOf(shape) }, (_, i) => of(i + seed)));
}

/** The outputs of an ONNX node; inputs are constants, so that zero points are known. */
function run(
  op: OpDef,
  type: string,
  tensors: readonly (Tensor | null)[],
  attrs: Record<string, unknown> = {},
  known = true,
): Tensor[] {
  const inputs: Value[] = [];
  const values = tensors.map((x, i) => {
    if (!x) return null;
    if (known) return constant(weightOf(x));
    const v = input(`x${i}`, { dtype: x.dtype, shape: x.shape });
    inputs.push(v);
    return v;
  });
  const get = (name: string, fallback?: unknown) => attrs[name] ?? fallback;
  const n = { name: 'n', type, inputs: values, int: get, ints: get, string: get };
  const entry = op.onnx!.find((e) => e.type === type)!;
  const outputs = entry.build!(n as unknown as OnnxNode);
  return evalGraph(
    { inputs, outputs, outputNames: outputs.map((_, i) => `y${i}`) },
    known ? [] : tensors.filter((x) => x !== null),
  );
}
const quantize = QuantizeLinear as unknown as OpDef;
const dequantize = DequantizeLinear as unknown as OpDef;

describe('QuantizeLinear and DequantizeLinear', () => {
  it('round halves to even and saturate', () => {
    const x = t('float32', [7], -1, 1, 3, 5, 1000, -1000, NaN);
    const [y] = run(quantize, 'QuantizeLinear', [x, t('float32', [], 2), t('uint8', [], 10)]);
    assert.equal(y!.dtype, 'uint8');
    assert.deepEqual([...toNumbers(y!)].slice(0, 6), [10, 10, 12, 12, 255, 0]);
    const [s] = run(quantize, 'QuantizeLinear', [x, t('float32', [], 2), t('int8', [], 0)]);
    assert.deepEqual([...toNumbers(s!)].slice(0, 6), [0, 0, 2, 2, 127, -128]);
    assert.equal(run(quantize, 'QuantizeLinear', [x, t('float32', [], 2)])[0]!.dtype, 'uint8');
  });
  it('take parameters along an axis', () => {
    const x = t('int8', [1, 2, 2], 1, 2, 3, 4);
    const [scale, zero] = [t('float32', [2], 0.5, 10), t('int8', [2], 1, -1)];
    const [y] = run(dequantize, 'DequantizeLinear', [x, scale, zero]);
    assert.deepEqual([...toNumbers(y!)], [0, 0.5, 40, 50]);
    const [last] = run(dequantize, 'DequantizeLinear', [x, scale, zero], { axis: -1 });
    assert.deepEqual([...toNumbers(last!)], [0, 30, 1, 50]);
    const [back] = run(quantize, 'QuantizeLinear', [y!, scale, zero]);
    assert.deepEqual([...toNumbers(back!)], [1, 2, 3, 4]);
    assert.throws(
      () => run(dequantize, 'DequantizeLinear', [x, scale, zero], { block_size: 2 }),
      HaioError,
    );
  });
  it('DynamicQuantizeLinear includes 0 in its range', () => {
    const [y, scale, zero] = run(DynamicQuantizeLinear, 'DynamicQuantizeLinear', [
      t('float32', [3], 1, 2, 5.1),
    ]);
    assert.deepEqual([...toNumbers(y!)], [50, 100, 255]);
    assert.ok(Math.abs(toNumbers(scale!)[0]! - 0.02) < 1e-6);
    assert.equal(toNumbers(zero!)[0], 0);
    const zeros = run(DynamicQuantizeLinear, 'DynamicQuantizeLinear', [t('float32', [2], 0, 0)]);
    assert.deepEqual([...toNumbers(zeros[0]!)], [0, 0]);
    assert.equal(toNumbers(zeros[1]!)[0], 1);
  });
});

describe('integer products', () => {
  const rows = 3;
  const columns = 2;
  for (const depth of [1, 70, 600, 5000])
    for (const [left, right] of [
      ['uint8', 'int8'],
      ['uint8', 'uint8'],
      ['int8', 'int8'],
    ] as const)
      it(`MatMulInteger of ${left} and ${right} over ${depth} is exact`, () => {
        const [a, b] = [mixed(left, 1, rows, depth), mixed(right, 5, depth, columns)];
        const zeroA = t(left, [rows], ...(left === 'int8' ? [-128, 0, 3] : [255, 0, 3]));
        const zeroB = t(right, [columns], 7, 100);
        const [x, y, za, zb] = [a, b, zeroA, zeroB].map((v) => toNumbers(v));
        const expected = Array.from({ length: rows * columns }, (_, i) => {
          const [r, c] = [Math.floor(i / columns), i % columns];
          let sum = 0;
          for (let k = 0; k < depth; k++)
            sum += (x![r * depth + k]! - za![r]!) * (y![k * columns + c]! - zb![c]!);
          return sum | 0;
        });
        for (const known of [true, false]) {
          const [z] = run(MatMulInteger, 'MatMulInteger', [a, b, zeroA, zeroB], {}, known);
          assert.equal(z!.dtype, 'int32');
          assert.deepEqual([...toNumbers(z!)], expected);
        }
      });
  for (const [group, channels] of [
    [1, 300],
    [2, 6],
    [2, 1200],
  ] as const)
    it(`ConvInteger of ${channels} channels in ${group} groups is exact`, () => {
      const per = channels / group;
      const [x, w] = [mixed('uint8', 3, 1, channels, 3), mixed('int8', 4, 2, per, 2)];
      const [a, b] = [toNumbers(x), toNumbers(w)];
      const expected = [0, 1].flatMap((o) =>
        [0, 1].map((p) => {
          let sum = 0;
          const first = group === 1 ? 0 : o * per;
          for (let c = 0; c < per; c++)
            for (let k = 0; k < 2; k++)
              sum += (a[(first + c) * 3 + p + k]! - 9) * b[(o * per + c) * 2 + k]!;
          return sum;
        }),
      );
      const [y] = run(ConvInteger, 'ConvInteger', [x, w, t('uint8', [], 9)], { group });
      assert.deepEqual(y!.shape, [1, 2, 2]);
      assert.deepEqual([...toNumbers(y!)], expected);
    });
  it('QLinearMatMul scales rows and columns', () => {
    const [y] = run(MatMulInteger, 'QLinearMatMul', [
      t('uint8', [2, 1], 3, 4),
      t('float32', [2], 1, 2),
      t('uint8', [2], 1, 2),
      t('int8', [1, 2], 5, -5),
      t('float32', [2], 1, 3),
      t('int8', [2], 0, 0),
      t('float32', [], 2),
      t('uint8', [], 100),
    ]);
    // sums 10 −10 / 10 −10, multipliers 0.5 1.5 / 1 3
    assert.deepEqual([...toNumbers(y!)], [105, 85, 110, 70]);
  });
  it('QLinearConv adds its bias to the sum', () => {
    const [y] = run(ConvInteger, 'QLinearConv', [
      t('uint8', [1, 1, 2], 12, 14),
      t('float32', [], 0.5),
      t('uint8', [], 10),
      t('int8', [2, 1, 1], 3, -2),
      t('float32', [2], 1, 2),
      t('int8', [2], 0, 0),
      t('float32', [], 1),
      t('uint8', [], 7),
      t('int32', [2], 4, 1),
    ]);
    // (2, 4)·3 + 4 times 0.5; (2, 4)·−2 + 1 times 1
    assert.deepEqual([...toNumbers(y!)], [12, 15, 4, 0]);
  });
});
