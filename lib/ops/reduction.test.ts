import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, PinRequest } from '../ir/op.js';
import { HaioError } from '../errors.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { ArgMax } from './arg-max.js';
import { ArgMin } from './arg-min.js';
import { ReduceL1 } from './reduce-l1.js';
import { ReduceL2 } from './reduce-l2.js';
import { ReduceLogSum } from './reduce-log-sum.js';
import { ReduceLogSumExp } from './reduce-log-sum-exp.js';
import { ReduceMax } from './reduce-max.js';
import { ReduceMean } from './reduce-mean.js';
import { ReduceMin } from './reduce-min.js';
import { ReduceProd } from './reduce-prod.js';
import { ReduceSum } from './reduce-sum.js';
import { ReduceSumSquare } from './reduce-sum-square.js';
import type { ReduceAttrs } from './reduction.js';
import { Shape } from './shape.js';

const X = fromNumbers('float64', [2, 3], [1, -2, 3, 4, 5, -6]);
const over = (op: OpDef<ReduceAttrs>, ...axes: number[]): number[] => [
  ...toNumbers(op.eval!([X], { axes, keepdims: false })[0]!),
];

describe('reductions', () => {
  const RESULTS: readonly (readonly [OpDef<ReduceAttrs>, number[], number[], number])[] = [
    [ReduceSum, [5, 3, -3], [2, 3], 5],
    [ReduceMean, [2.5, 1.5, -1.5], [2 / 3, 1], 5 / 6],
    [ReduceMax, [4, 5, 3], [3, 5], 5],
    [ReduceMin, [1, -2, -6], [-2, -6], -6],
    [ReduceProd, [4, -10, -18], [-6, -120], 720],
    [ReduceL1, [5, 7, 9], [6, 15], 21],
    [ReduceL2, [17, 29, 45].map(Math.sqrt), [14, 77].map(Math.sqrt), Math.sqrt(91)],
    [ReduceSumSquare, [17, 29, 45], [14, 77], 91],
    [ReduceLogSum, [5, 3, -3].map(Math.log), [2, 3].map(Math.log), Math.log(5)],
  ];
  for (const [op, columns, rows, all] of RESULTS)
    it(op.name, () => {
      assert.deepEqual(over(op, 0), columns);
      assert.deepEqual(over(op, 1), rows);
      assert.deepEqual(over(op, 0, 1), [all]);
    });
  it('ReduceLogSumExp does not overflow and keeps infinities', () => {
    const lse = (...x: number[]): number =>
      toNumbers(
        ReduceLogSumExp.eval!([fromNumbers('float64', [x.length], x)], {
          axes: [0],
          keepdims: false,
        })[0]!,
      )[0]!;
    assert.equal(lse(1000, 1000), 1000 + Math.log(2));
    assert.equal(lse(-Infinity, -Infinity), -Infinity);
    assert.equal(lse(Infinity, 1), Infinity);
  });
  it('gives neutral elements for empty groups', () => {
    const empty = fromNumbers('float64', [0, 2], []);
    const of = (op: OpDef<ReduceAttrs>) => [
      ...toNumbers(op.eval!([empty], { axes: [0], keepdims: false })[0]!),
    ];
    assert.deepEqual(of(ReduceSum), [0, 0]);
    assert.deepEqual(of(ReduceProd), [1, 1]);
    assert.deepEqual(of(ReduceMax), [-Infinity, -Infinity]);
  });
  it('infers shapes', () => {
    const n = D.symbolDim(D.newSymbol('n'));
    const x = input('x', { dtype: 'float32', shape: [2, n, 5] });
    const shape = (keepdims: boolean) => shapeOf(apply(ReduceSum, { axes: [0, 2], keepdims }, [x]));
    assert.deepEqual(shape(true), [1, n, 1]);
    assert.deepEqual(shape(false), [n]);
    assert.throws(() => apply(ReduceSum, { axes: [3], keepdims: true }, [x]), HaioError);
  });
  it('carries symbolic sizes', () => {
    const n = D.symbolDim(D.newSymbol('n'));
    const sizes = apply(Shape, {}, [input('x', { dtype: 'float32', shape: [2, n, 5] })]);
    const value = (op: OpDef<ReduceAttrs>) =>
      apply(op, { axes: [0], keepdims: false }, [sizes]).fact.value;
    assert.deepEqual(value(ReduceProd), [D.mul(10, n)]);
    assert.deepEqual(value(ReduceSum), [D.add(7, n)]);
    assert.deepEqual(value(ReduceMax), [D.max(D.max(2, n), 5)]);
  });
});

describe('importing reductions', () => {
  const x = input('x', { dtype: 'float32', shape: [2, 3, 4] });
  const imported = (
    op: OpDef<ReduceAttrs>,
    opset: number,
    axes: Value | readonly number[] | null,
    ints: Record<string, number> = {},
  ): Value => {
    const attribute = Array.isArray(axes);
    const n = {
      type: op.name,
      name: 'node',
      inputs: attribute || !axes ? [x] : [x, axes],
      has: (name: string) => name === 'axes' && attribute,
      ints: () => axes,
      int: (name: string, fallback: number) => ints[name] ?? fallback,
    } as unknown as OnnxNode;
    return op.onnx!.filter((e) => e.type === op.name && e.since <= opset).at(-1)!.build!(n)[0]!;
  };
  it('reads axes from the attribute, then from the input', () => {
    const axes = literal('int64', [2], [-1, 0]);
    for (const v of [imported(ReduceMean, 13, [2, 0]), imported(ReduceMean, 18, axes)])
      assert.deepEqual(shapeOf(v), [1, 3, 1]);
    assert.deepEqual(shapeOf(imported(ReduceSum, 13, axes, { keepdims: 0 })), [3]);
  });
  it('reduces all axes without any, unless that means none', () => {
    assert.deepEqual(shapeOf(imported(ReduceSum, 11, null)), [1, 1, 1]);
    const none = literal('int64', [0], []);
    assert.deepEqual(shapeOf(imported(ReduceMax, 18, none)), [1, 1, 1]);
    assert.equal(imported(ReduceMax, 18, none, { noop_with_empty_axes: 1 }), x);
  });
  it('asks for axes that are a graph input', () => {
    const axes = input('axes', { dtype: 'int64', shape: [1] });
    assert.throws(
      () => imported(ReduceSum, 13, axes),
      (e) => e instanceof PinRequest && e.inputs[0] === 'axes',
    );
  });
});

describe('ArgMax and ArgMin', () => {
  it('find the first or last of equals', () => {
    const x = fromNumbers('float32', [2, 4], [1, 7, 7, 0, -1, 3, -1, 3]);
    const at = (op: typeof ArgMax, axis: number, last: boolean) => [
      ...toNumbers(op.eval!([x], { axis, keepdims: false, last })[0]!),
    ];
    assert.deepEqual(at(ArgMax, 1, false), [1, 1]);
    assert.deepEqual(at(ArgMax, 1, true), [2, 3]);
    assert.deepEqual(at(ArgMin, 1, false), [3, 0]);
    assert.deepEqual(at(ArgMin, 1, true), [3, 2]);
    assert.deepEqual(at(ArgMax, 0, false), [0, 0, 0, 1]);
  });
  it('give int64', () => {
    const x = input('x', { dtype: 'int32', shape: [2, 4] });
    const y = apply(ArgMax, { axis: 1, keepdims: true, last: false }, [x]);
    assert.deepEqual(y.fact.type, { dtype: 'int64', shape: [2, 1] });
  });
});
