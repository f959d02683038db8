import assert from 'node:assert/strict';
import { apply } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { HaioError } from '../errors.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import type { AxisAttrs } from './along-axis.js';
import { Hardmax } from './hardmax.js';
import { LogSoftmax } from './log-softmax.js';
import { Softmax } from './softmax.js';

const run = (op: OpDef<AxisAttrs>, axis: number, shape: number[], values: number[]): number[] => [
  ...toNumbers(op.eval!([fromNumbers('float64', shape, values)], { axis })[0]!),
];
const close = (got: readonly number[], expected: readonly number[]): void =>
  got.forEach((g, i) => assert.ok(Math.abs(g - expected[i]!) < 1e-12, `${g} ≈ ${expected[i]}`));

/** The node's result for 0, 1, 2 … in an input of `shape`. */
function imported(op: OpDef<AxisAttrs>, opset: number, shape: number[], axis?: number): number[] {
  const x = input('x', { dtype: 'float64', shape });
  const n = {
    inputs: [x],
    has: () => axis !== undefined,
    int: (_: string, fallback: number) => axis ?? fallback,
  } as unknown as OnnxNode;
  const entry = op.onnx!.filter((e) => e.since <= opset).at(-1)!;
  const y: Value = entry.build ? entry.build(n)[0]! : apply(op, entry.read!(n), [x]);
  assert.deepEqual(shapeOf(y), shape);
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
  const graph = { inputs: [x], outputs: [y], outputNames: ['y'] };
  return [...toNumbers(evalGraph(graph, [fromNumbers('float64', shape, values)])[0]!)];
}

describe('ops along an axis', () => {
  it('Softmax of ln 1, ln 2, ln 5 is 1/8, 2/8, 5/8, also shifted', () => {
    for (const shift of [0, 700, -700]) {
      const x = [1, 2, 5].map((v) => Math.log(v) + shift);
      close(run(Softmax, 0, [3], x), [0.125, 0.25, 0.625]);
    }
  });
  it('works along the axis that is given', () => {
    close(run(Softmax, 0, [2, 2], [0, 5, 0, 5]), [0.5, 0.5, 0.5, 0.5]);
    close(run(Softmax, 1, [2, 2], [0, 0, 5, 5]), [0.5, 0.5, 0.5, 0.5]);
  });
  it('LogSoftmax is the logarithm of Softmax', () => {
    const x = [3, -1, 0.5, 2, 7, -4];
    close(run(LogSoftmax, 1, [2, 3], x), run(Softmax, 1, [2, 3], x).map(Math.log));
    close(run(LogSoftmax, 0, [2], [0, -2000]), [0, -2000]);
  });
  it('Hardmax takes the first of equals', () => {
    assert.deepEqual(run(Hardmax, 1, [2, 3], [1, 3, 3, 2, 2, 1]), [0, 1, 0, 1, 0, 0]);
  });
  it('refuses an axis outside the rank, and integers', () => {
    const x = input('x', { dtype: 'float32', shape: [2] });
    const i = input('i', { dtype: 'int32', shape: [2] });
    assert.throws(() => apply(Softmax, { axis: 1 }, [x]), HaioError);
    assert.throws(() => apply(Softmax, { axis: 0 }, [i]), HaioError);
  });
  it('before opset 13 flattens from the axis on', () => {
    const whole = run(Softmax, 1, [2, 6], [...Array(12).keys()]);
    close(imported(Softmax, 11, [2, 2, 3]), whole);
    close(imported(Softmax, 11, [2, 2, 3], -2), whole);
    const rows = run(Softmax, 1, [4, 3], [...Array(12).keys()]);
    close(imported(Softmax, 11, [2, 2, 3], 2), rows);
    close(imported(Softmax, 13, [2, 2, 3]), rows);
  });
  it('before opset 13 needs no reshape where one flattened size is not 1', () => {
    const x = input('x', { dtype: 'float32', shape: [1, 10, 1, 1] });
    const n = { inputs: [x], int: () => 1 } as unknown as OnnxNode;
    const y = Softmax.onnx![0]!.build!(n)[0]!;
    assert.equal(y.node!.op, Softmax);
    assert.equal(y.node!.inputs[0], x);
  });
});
