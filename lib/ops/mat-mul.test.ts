import assert from 'node:assert/strict';
import { apply } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { type Tensor, fromNumbers, tensor, toNumbers } from '../tensor/tensor.js';
import { Add } from './add.js';
import { MatMul } from './mat-mul.js';
import { Relu } from './relu.js';

const floats = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('float32', shape, values);
const x = (...shape: D.Dim[]): Value => input('x', { dtype: 'float32', shape });
const product = (a: Value, b: Value): Value => apply(MatMul, { stages: [] }, [a, b]);
const multiply = (a: Tensor, b: Tensor): Tensor => MatMul.eval!([a, b], { stages: [] })[0]!;

describe('MatMul', () => {
  it('multiplies matrices', () => {
    const y = multiply(floats([2, 3], 1, 2, 3, 4, 5, 6), floats([3, 2], 1, 0, 0, 1, 2, -1));
    assert.deepEqual([...toNumbers(y)], [7, -1, 16, -1]);
  });
  it('broadcasts leading axes', () => {
    const y = multiply(floats([2, 1, 1, 2], 1, 2, 3, 4), floats([2, 2, 1], 1, 1, 1, -1));
    assert.deepEqual(y.shape, [2, 2, 1, 1]);
    assert.deepEqual([...toNumbers(y)], [3, -1, 7, -1]);
  });
  it('takes vectors as rows and columns', () => {
    const [v, m] = [floats([2], 3, 5), floats([2, 2], 1, 2, 3, 4)];
    assert.deepEqual(multiply(v, v), floats([], 34));
    assert.deepEqual(multiply(v, m), floats([2], 18, 26));
    assert.deepEqual(multiply(m, v), floats([2], 13, 29));
  });
  it('wraps integers', () => {
    const big = tensor('int64', [1, 2], BigInt64Array.of(2n ** 62n, 1n));
    const y = multiply(big, tensor('int64', [2, 1], BigInt64Array.of(2n, 3n)));
    assert.deepEqual(y.data, BigInt64Array.of(3n - 2n ** 63n));
    const small = fromNumbers('int32', [1, 1], [65536]);
    assert.deepEqual([...toNumbers(multiply(small, small))], [0]);
  });
  it('infers symbolic shapes', () => {
    const n = D.symbolDim(D.newSymbol('n'));
    assert.deepEqual(shapeOf(product(x(n, 3, 4), x(4, 5))), [n, 3, 5]);
    assert.deepEqual(shapeOf(product(x(4), x(n, 4, 5))), [n, 5]);
    assert.deepEqual(shapeOf(product(x(4), x(4))), []);
  });
  it('refuses what does not fit', () => {
    assert.throws(() => product(x(2, 3), x(4, 5)), { code: 'HAIO_E_SHAPE' });
    assert.throws(() => product(x(2, 3, 4), x(3, 4, 5)), { code: 'HAIO_E_SHAPE' });
    assert.throws(() => product(x(), x(2, 2)), { code: 'HAIO_E_SHAPE' });
    const half = input('h', { dtype: 'float16', shape: [3, 2] });
    assert.throws(() => product(x(2, 3), half), { code: 'HAIO_E_TYPE' });
  });
  it('runs stages on the product and keeps its shape', () => {
    const stages = [
      { op: Add as OpDef, attrs: {}, args: [0, 1] },
      { op: Relu as OpDef, attrs: {}, args: [2] },
    ];
    const inputs = [floats([2, 1], 1, 2), floats([1, 2], 1, -4), floats([2], 1, 5)];
    const y = MatMul.eval!(inputs, { stages })[0]!;
    assert.deepEqual([...toNumbers(y)], [2, 1, 3, 0]);
    assert.throws(() => apply(MatMul, { stages }, [x(2, 1), x(1, 2), x(3, 2, 2)]), {
      code: 'HAIO_E_SHAPE',
    });
  });
});

/** Builds an ONNX node of MatMul's entries and evaluates it. */
function imported(type: string, attrs: Record<string, number>, ...tensors: Tensor[]): Tensor {
  const inputs = tensors.map((t, i) => input(`in${i}`, { dtype: t.dtype, shape: t.shape }));
  const get = (name: string, fallback?: number): number => attrs[name] ?? fallback!;
  const string = (_: string, fallback: string): string => fallback;
  const node = { type, inputs, int: get, float: get, string } as unknown as OnnxNode;
  const entry = MatMul.onnx!.find((e) => e.type === type)!;
  const outputs = entry.build!(node);
  return evalGraph({ inputs, outputs, outputNames: ['y'] }, tensors)[0]!;
}

describe('Gemm', () => {
  const [a, b] = [floats([2, 3], 1, 2, 3, 4, 5, 6), floats([3, 2], 1, 0, 0, 1, 2, -1)];
  it('scales the product and the addend', () => {
    const y = imported('Gemm', { alpha: 2, beta: 0.5 }, a, b, floats([2], 10, 20));
    assert.deepEqual([...toNumbers(y)], [19, 8, 37, 8]);
  });
  it('transposes', () => {
    const y = imported('Gemm', { transA: 1, transB: 1 }, b, a);
    assert.deepEqual(y.shape, [2, 2]);
    assert.deepEqual([...toNumbers(y)], [7, 16, -1, -1]);
  });
  it('comes as FusedMatMul, too', () => {
    const y = imported('FusedMatMul', { alpha: 3, transB: 1 }, a, floats([1, 3], 1, 1, 1));
    assert.deepEqual([...toNumbers(y)], [18, 45]);
    const turned = imported(
      'FusedMatMul',
      { transBatchA: 1 },
      floats([3, 2, 1], 1, 2, 3, 4, 5, 6),
      floats([2, 1, 1], 1, 10),
    );
    assert.deepEqual(turned.shape, [2, 3, 1]);
    assert.deepEqual([...toNumbers(turned)], [1, 3, 5, 20, 40, 60]);
  });
});
