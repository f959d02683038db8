import assert from 'node:assert/strict';
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { printGraph } from '../ir/print.js';
import { Add } from '../ops/add.js';
import { LayerNorm } from '../ops/layer-norm.js';
import { MatMul } from '../ops/mat-mul.js';
import { Mul } from '../ops/mul.js';
import { foldConstants } from './fold-constants.js';
import { fuseResidualNorm } from './fuse-residual-norm.js';
import { mergeProducts } from './merge-products.js';
import { reshaped } from './shapes.js';
import { leaves, transpose, weight, x32 } from './support.test.js';

const add = (a: Value, b: Value): Value => apply(Add, {}, [a, b]);
const product = (v: Value, w: Value): Value => apply(MatMul, { stages: [] }, [v, w]);

describe('merge-products', () => {
  const passes = [mergeProducts, foldConstants];
  const x = x32(2, 5, 6);
  const heads = (v: Value): Value =>
    transpose(reshaped(v, [2, 5, 2, Number(shapeOf(v)[2]) / 2]), 0, 2, 1, 3);
  const linear = (n: number, bias: boolean): Value => {
    const y = product(x, weight(6, n));
    return bias ? add(weight(n), y) : y;
  };

  it('puts matrices with a common input side by side', () => {
    const qkv = [8, 8, 4].map((n) => heads(linear(n, true)));
    const g = leaves(passes, qkv, 'Reshape 3, Transpose 3, Add 1, MatMul 1, Split 1');
    assert.match(printGraph(g), /MatMul\(x\d+, float32\[6,20\]\)/);
    leaves(
      passes,
      [8, 4].map((n) => heads(linear(n, false))),
      'Reshape 2, Transpose 2, MatMul 1, Split 1',
    );
  });

  it('leaves products alone whose columns are computed with, or that stand alone', () => {
    const gate = apply(Mul, {}, [linear(4, true), linear(4, true)]);
    leaves(passes, gate, 'Add 2, MatMul 2, Mul 1');
    leaves(
      passes,
      [heads(linear(4, true)), linear(4, false)],
      'MatMul 2, Add 1, Reshape 1, Transpose 1',
    );
  });
});

describe('fuse-residual-norm', () => {
  const norm = (v: Value): Value =>
    apply(LayerNorm, { axis: 2, epsilon: 1e-5, sum: false }, [v, weight(6), weight(6), null]);
  const [x, y] = [x32(2, 5, 6), x32(2, 5, 6)];

  it('lets the norm make the sum, and give it to others', () => {
    leaves([fuseResidualNorm], norm(add(x, y)), 'LayerNorm 1');
    const sum = add(x, y);
    leaves([fuseResidualNorm], add(sum, norm(sum)), 'Add 1, LayerNorm 1');
    leaves([fuseResidualNorm], [norm(sum), sum], 'LayerNorm 1');
  });

  it('keeps sums that broadcast', () => {
    leaves([fuseResidualNorm], norm(add(x, weight(6))), 'Add 1, LayerNorm 1');
  });
});
