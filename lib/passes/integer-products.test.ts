import assert from 'node:assert/strict';
import { apply, constant, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf, topological } from '../ir/graph.js';
import { Add } from '../ops/add.js';
import { Conv } from '../ops/conv.js';
import type { ConvIntegerAttrs } from '../ops/conv-integer.js';
import { DequantizeLinear } from '../ops/dequantize-linear.js';
import { MatMul } from '../ops/mat-mul.js';
import { MaxPool } from '../ops/max-pool.js';
import { QuantizeLinear } from '../ops/quantize-linear.js';
import { Relu } from '../ops/relu.js';
import { fromNumbers } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { foldConstants } from './fold-constants.js';
import { PASSES } from './index.js';
import { integerProducts } from './integer-products.js';
import { graphOf, leaves, optimized, x32 } from './support.test.js';

const f32 = (...values: number[]): Value =>
  values.length === 1
    ? literal('float32', [], values)
    : literal('float32', [values.length], values);
const u8 = (zero: number): Value => literal('uint8', [], [zero]);
const quantize = (v: Value, scale: number, zero: number): Value =>
  apply(QuantizeLinear, { lo: 0, hi: 255 }, [v, f32(scale), u8(zero)]);
const dequantize = (v: Value, zero: Value, scale: Value): Value =>
  apply(DequantizeLinear, {}, [v, zero, scale]);
const around = (v: Value, scale: number, zero: number): Value =>
  dequantize(quantize(v, scale, zero), u8(zero), f32(scale));

/** int8 weights [n, …] with a scale for each n, or [k, n] with one for each column */
function weight(shape: readonly number[], axis: number): Value {
  const count = shape.reduce((a, b) => a * b, 1);
  const data = Array.from({ length: count }, (_, i) => ((i * 37) % 255) - 127);
  const along = shape.map((d, i) => (i === axis ? d : 1));
  const scales = Array.from({ length: shape[axis]! }, (_, i) => 0.25 + i / 8);
  return dequantize(
    constant(weightOf(fromNumbers('int8', shape, data))),
    constant(
      weightOf(
        fromNumbers(
          'int8',
          along,
          scales.map(() => 0),
        ),
      ),
    ),
    constant(weightOf(fromNumbers('float32', along, scales))),
  );
}
function conv(x: Value, bias: Value | null): Value {
  const w = weight([4, shapeOf(x).at(-1) as number, 3, 3], 0);
  const pads = [
    [1, 1],
    [1, 1],
  ] as const;
  const attrs = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads, group: 1, stages: [] };
  return apply(Conv, attrs, [x, w, bias]);
}
const attrsOf = (v: Value): ConvIntegerAttrs => v.node!.attrs as ConvIntegerAttrs;

describe('integer-products', () => {
  const passes = [integerProducts, foldConstants];

  it('multiplies what was dequantised as integers', () => {
    const x = around(x32(3, 5), 0.125, 7);
    leaves(
      passes,
      apply(MatMul, { stages: [] }, [x, weight([5, 4], 1)]),
      'Cast 1, MatMulInteger 1, Mul 1, QuantizeLinear 1',
    );
  });

  it('takes a bias into the sum where its scale is the product’s, else adds it', () => {
    const x = around(x32(1, 4, 4, 2), 0.125, 7);
    const whole = f32(...[0, 1, 2, 3].map((i) => (i - 20) * 0.125 * (0.25 + i / 8)));
    leaves(passes, conv(x, whole), 'Cast 1, ConvInteger 1, Mul 1, QuantizeLinear 1');
    const other = f32(0.01, 0.02, 0.03, 0.04);
    leaves(passes, conv(x, other), 'Add 1, Cast 1, ConvInteger 1, Mul 1, QuantizeLinear 1');
  });

  it('leaves products of floats alone', () => {
    const x = around(x32(3, 5), 0.125, 7);
    leaves(
      passes,
      apply(MatMul, { stages: [] }, [x, x32(5, 4)]),
      'DequantizeLinear 1, MatMul 1, QuantizeLinear 1',
    );
  });

  it('quantises sums in the product, reads residuals as bytes and stores bytes', () => {
    const x = x32(1, 6, 6, 4);
    const first = around(x, 0.125, 128);
    const y = around(apply(Relu, {}, [conv(first, null)]), 0.5, 0);
    const z = around(conv(y, null), 0.75, 128);
    const sum = around(apply(Add, {}, [z, first]), 1, 0);
    // one step of quantisation may differ where quotients become factors
    const graph = optimized(graphOf(conv(sum, null)), PASSES, { tolerance: 0.2 });
    const convs = topological(graph.outputs).filter((n) => n.op.name === 'ConvInteger');
    const stages = convs.map((n) =>
      attrsOf(n.outputs[0]!)
        .stages.map((s) => s.op.name)
        .join(),
    );
    assert.deepEqual(stages, [
      'Cast,Mul,QuantizeLinear',
      'DequantizeLinear,Cast,Mul,QuantizeLinear,DequantizeLinear,Add,QuantizeLinear',
      'Cast,Mul',
    ]);
  });

  it('quantises before it pools', () => {
    const x = apply(Relu, {}, [conv(around(x32(1, 6, 6, 4), 0.125, 128), null)]);
    const pads = [
      [0, 1],
      [1, 0],
    ] as const;
    const window = { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], pads, ceil: false };
    const y = apply(MaxPool, { ...window, indices: 'none' }, [x]);
    const graph = optimized(graphOf(quantize(y, 0.5, 0)), PASSES, { tolerance: 1 });
    const names = topological(graph.outputs).map((n) => `${n.op.name} ${dtypeOf(n.outputs[0]!)}`);
    assert.deepEqual(names.slice(-2), ['ConvInteger uint8', 'MaxPool uint8']);
  });
});
