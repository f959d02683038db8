import assert from 'node:assert/strict';
import { apply, constant } from '../ir/build.js';
import { type Graph, type Value, dtypeOf, topological } from '../ir/graph.js';
import { Add } from '../ops/add.js';
import { Attention } from '../ops/attention.js';
import { LayerNorm } from '../ops/layer-norm.js';
import { MatMul } from '../ops/mat-mul.js';
import { Relu } from '../ops/relu.js';
import { Softmax } from '../ops/softmax.js';
import { fuseChains } from './fuse-chains.js';
import { foldIntoGemm } from './fold-into-gemm.js';
import { narrowProducts } from './narrow-products.js';
import { narrowStorage } from './narrow-storage.js';
import { graphOf, optimized, transpose, x32 } from './support.test.js';
import { fromNumbers, sizeOf } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';

/** small, so that rounding stays below the tolerance in sums of several products */
const weight = (...shape: number[]): Value => {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * i) / 4);
  return constant(weightOf(fromNumbers('float32', shape, values)));
};
const product = (v: Value, w: Value): Value => apply(MatMul, { stages: [] }, [v, w]);
const relu = (v: Value): Value => apply(Relu, {}, [v]);
const add = (a: Value, b: Value): Value => apply(Add, {}, [a, b]);
const PASSES = [foldIntoGemm, fuseChains, narrowProducts, narrowStorage];
/** results are those of operands and values rounded to bfloat16 */
const narrow = (...outputs: Value[]): Graph =>
  optimized(graphOf(...outputs), PASSES, { tolerance: 0.2 });
const types = (g: Graph): string[] =>
  topological(g.outputs).map((n) => `${n.op.name} ${dtypeOf(n.outputs[0]!)}`);

describe('narrow-products and narrow-storage', () => {
  const x = x32(4, 16);

  it('store what products hand to products in bfloat16, and bring inputs likewise', () => {
    const y = relu(product(x, weight(16, 16)));
    assert.deepEqual(types(narrow(product(y, weight(16, 16)))), [
      'Cast bfloat16',
      'MatMul bfloat16',
      'MatMul float32',
    ]);
  });

  it('look through nodes that only move, and read residuals', () => {
    const first = product(x, weight(16, 16));
    const turned = transpose(transpose(first, 1, 0), 1, 0);
    const y = add(product(turned, weight(16, 16)), first);
    assert.deepEqual(types(narrow(product(y, weight(16, 16)))), [
      'Cast bfloat16',
      'MatMul bfloat16',
      'Transpose bfloat16',
      'Transpose bfloat16',
      'MatMul bfloat16',
      'MatMul float32',
    ]);
  });

  it('keep float32 what others read, and outputs', () => {
    const y = product(x, weight(16, 16));
    const normed = apply(LayerNorm, { axis: 1, epsilon: 1e-5, sum: false }, [y, null, null, null]);
    const z = product(normed, weight(16, 16));
    assert.deepEqual(types(narrow(z, apply(Softmax, { axis: 1 }, [z]))), [
      'Cast bfloat16',
      'MatMul float32',
      'LayerNorm float32',
      'MatMul float32',
      'Softmax float32',
    ]);
  });

  it('leave narrow matrices alone that fill no step', () => {
    assert.deepEqual(types(narrow(product(x, weight(16, 3)))), ['MatMul float32']);
  });

  it('keep attention and what it reads and gives in bfloat16', () => {
    const heads = product(x32(1, 2, 16, 16), weight(16, 16));
    const attrs = { scale: 0.25, causal: false };
    const y = apply(Attention, attrs, [heads, heads, heads, null]);
    assert.deepEqual(types(narrow(product(y, weight(16, 16)))), [
      'Cast bfloat16',
      'MatMul bfloat16',
      'Attention bfloat16',
      'MatMul float32',
    ]);
  });
});
