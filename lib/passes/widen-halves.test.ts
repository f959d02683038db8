import assert from 'node:assert/strict';
import { apply, applyAll, literal } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Graph, type Value, dtypeOf, input, topological } from '../ir/graph.js';
import { loadAddon } from '../native/binding.js';
import * as ops from '../ops/index.js';
import { buildModel } from '../plan/build.js';
import { type DType, toFloat16, fromFloat16 } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { optimize } from './index.js';

const addon = loadAddon();
const graphOf = (inputs: readonly Value[], outputs: readonly Value[]): Graph => ({
  inputs,
  outputs,
  outputNames: outputs.map((_, i) => `y${i}`),
});
const wave = (dtype: DType, shape: readonly number[], seed: number): Tensor =>
  fromNumbers(
    dtype,
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed + 1.3 * i)),
  );
const weight = (dtype: DType, shape: readonly number[], seed: number): Value =>
  literal(dtype, shape, toNumbers(wave(dtype, shape, seed)));

/** The graph's host nodes, and whether it computes the same to `limit`. */
function check(graph: Graph, feeds: readonly Tensor[], limit: number): readonly string[] {
  const done = optimize(graph, { verify: true });
  const expected = evalGraph(graph, feeds);
  evalGraph(done, feeds).forEach((t, i) => {
    assert.equal(t.dtype, expected[i]!.dtype);
    const [x, y] = [toNumbers(t), toNumbers(expected[i]!)];
    x.forEach((v, k) => {
      const ok = Math.abs(v - y[k]!) <= limit * (1 + Math.abs(y[k]!)) || Object.is(v, y[k]);
      assert.ok(ok, `element ${k}: ${v}, not ${y[k]!}`);
    });
  });
  const { model, meta } = buildModel(done, { native: addon, isa: '' });
  addon.modelRelease(model);
  return meta.hostNodes;
}

describe('widen-halves', () => {
  for (const dtype of ['float16', 'bfloat16'] as const)
    it(`runs a block of a transformer on ${dtype} in kernels`, () => {
      const x = input('x', { dtype, shape: [2, 6, 16] });
      const rows = input('rows', { dtype: 'int64', shape: [2, 6] });
      const table = apply(ops.Gather, { axis: 0 }, [weight(dtype, [9, 16], 1), rows]);
      const h = apply(ops.Add, {}, [x, table]);
      const product = (v: Value, seed: number): Value =>
        apply(ops.MatMul, { stages: [] }, [v, weight(dtype, [16, 16], seed)]);
      const turned = apply(ops.Transpose, { perm: [0, 2, 1] }, [product(h, 2)]);
      const scores = apply(ops.MatMul, { stages: [] }, [product(h, 3), turned]);
      const soft = apply(ops.Softmax, { axis: 2 }, [scores]);
      const y = apply(ops.MatMul, { stages: [] }, [soft, product(h, 4)]);
      const norm = { axis: 2, epsilon: 1e-3, sum: false };
      const z = applyAll(ops.LayerNorm, norm, [
        y,
        weight(dtype, [16], 5),
        weight(dtype, [16], 6),
        null,
      ])[0]!;
      const mean = apply(ops.ReduceMean, { axes: [1], keepdims: false }, [z]);
      const graph = graphOf([x, rows], [mean, soft]);
      const ids = fromNumbers('int64', [2, 6], [0, 8, 3, 4, 5, 1, 2, 2, 7, 6, 0, 1]);
      const hosts = check(
        graph,
        [wave(dtype, [2, 6, 16], 7), ids],
        dtype === 'float16' ? 0.02 : 0.2,
      );
      assert.deepEqual(hosts, []);
    });

  it('rounds where a Cast asks for it', () => {
    const x = input('x', { dtype: 'float32', shape: [4] });
    const half = apply(ops.Cast, { to: 'float16' }, [x]);
    const y = apply(ops.Cast, { to: 'float32' }, [half]);
    const values = [1 + 2 ** -12, 1e-9, 70000, -3.14159];
    const done = optimize(graphOf([x], [y]), { verify: true });
    const [got] = evalGraph(done, [fromNumbers('float32', [4], values)]);
    assert.deepEqual(
      [...toNumbers(got!)],
      values.map((v) => fromFloat16(toFloat16(v))),
    );
  });

  it('leaves what only moves as it is', () => {
    const x = input('x', { dtype: 'bfloat16', shape: [3, 4] });
    const y = apply(ops.Transpose, { perm: [1, 0] }, [x]);
    const bits = apply(ops.BitCast, { to: 'int16' }, [y]);
    const done = optimize(graphOf([x], [y, bits]), { verify: true });
    const all = topological(done.outputs).flatMap((n) => n.outputs);
    assert.ok(all.every((v) => dtypeOf(v) !== 'float32'));
  });

  it('keeps sizes that data makes', () => {
    const x = input('x', { dtype: 'float16', shape: [6] });
    const places = apply(ops.NonZero, {}, [x]);
    const found = apply(ops.Gather, { axis: 0 }, [x, apply(ops.Squeeze, { axes: [0] }, [places])]);
    const y = apply(ops.Mul, {}, [found, found]);
    const done = optimize(graphOf([x], [y]), { verify: true });
    assert.deepEqual(done.outputs[0]!.fact.type, y.fact.type);
  });
});
