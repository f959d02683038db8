/**
 * Products of quantised matrices of com.microsoft: QGemm, MatMulIntegerToFloat, DynamicQuantizeMatMul,
 * MatMulInteger16, MulInteger, ReduceSumInteger, QAttention. Sums of products are exact.
 */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { dynamicallyQuantized } from './dynamic-quantize-linear.js';
import { transposed } from './arrange.js';
import { fromStart, rankAt } from './facts.js';
import { cast, importOnly, minus, over, plus, times } from './formula.js';
import { MatMul } from './mat-mul.js';
import { integerProduct } from './mat-mul-integer.js';
import { requantized } from './quantize-linear.js';
import { ReduceSum } from './reduce-sum.js';
import { reshaped } from './reshape.js';
import { selfAttention } from './self-attention.js';

type Input = Value | null | undefined;

/** One element as a scalar, others as they stand. */
const scalarOr = (v: Value): Value => (shapeOf(v)[0] === 1 ? reshaped(v, []) : v);

/** float32 of the integer sums, in their scale, and a bias. */
function toFloat(a: Value, b: Value, scale: Value, zeroA: Input, zeroB: Input, bias: Input): Value {
  const y = times(cast(integerProduct(a, b, zeroA, zeroB), 'float32'), scale);
  return bias ? plus(y, bias) : y;
}

function matMulIntegerToFloat({ inputs }: OnnxNode): Value[] {
  const [a, b, scaleA, scaleB, zeroA, zeroB, bias] = inputs as [
    ...[Value, Value, Value, Value, Input, Input, Input],
  ];
  return [toFloat(a, b, times(scalarOr(scaleA), scalarOr(scaleB)), zeroA, zeroB, bias)];
}

function dynamic({ inputs }: OnnxNode): Value[] {
  const [a, b, scaleB, zeroB, bias] = inputs as [Value, Value, Value, Input, Input];
  const [q, scale, zero] = dynamicallyQuantized(a) as [Value, Value, Value];
  return [toFloat(q, b, times(scale, scalarOr(scaleB)), zero, zeroB, bias)];
}

function gemm(n: OnnxNode): Value[] {
  const [a0, scaleA, zeroA, b0, scaleB, zeroB, c, scale, zero] = n.inputs as [
    ...[Value, Value, Value, Value, Value, Value, Input, Input, Input],
  ];
  const side = (v: Value, name: string): Value => (n.int(name, 0) !== 0 ? transposed(v, 1, 0) : v);
  const [a, b] = [side(a0, 'transA'), side(b0, 'transB')];
  const sum = integerProduct(a, b, scalarOr(zeroA), scalarOr(zeroB));
  const whole = c ? plus(sum, c) : sum;
  const factor = times(times(scalarOr(scaleA), scalarOr(scaleB)), n.float('alpha', 1));
  if (!scale || !zero) return [times(cast(whole, 'float32'), factor)];
  return [requantized(whole, over(factor, scalarOr(scale)), reshaped(zero, []))];
}

/** Products of int16, in int32. */
function product16({ inputs: [a, b] }: OnnxNode): Value[] {
  return [apply(MatMul, { stages: [] }, [cast(a!, 'int32'), cast(b!, 'int32')])];
}

/** (a − zeroA) · (b − zeroB) element by element, in int32. */
function mulInteger({ inputs }: OnnxNode): Value[] {
  const [a, zeroA, b, zeroB] = inputs as [Value, Input, Value, Input];
  const wide = (v: Value, zero: Input): Value => {
    const x = cast(v, 'int32');
    return zero ? minus(x, cast(scalarOr(zero), 'int32')) : x;
  };
  return [times(wide(a, zeroA), wide(b, zeroB))];
}

/** Sums of uint8 in uint32, of int8 in int32: modulo 2³² both have the same bits. */
function sumInteger(n: OnnxNode): Value[] {
  const x = n.inputs[0]!;
  const axes = n.ints('axes').map((a) => fromStart(a, rankAt(n, 0)));
  const attrs = { axes: [...axes].sort((a, b) => a - b), keepdims: n.int('keepdims') !== 0 };
  return [
    cast(apply(ReduceSum, attrs, [cast(x, 'int32')]), dtypeOf(x) === 'uint8' ? 'uint32' : 'int32'),
  ];
}

/** Attention of com.microsoft with a quantised input and quantised weights. */
function attention(n: OnnxNode): Value[] {
  const [x, weights, bias, scaleX, scaleW, mask, zeroX, zeroW, past] = n.inputs as [
    ...[Value, Value, Value, Value, Value, Input, Input, Input, Input],
  ];
  const scale = times(scalarOr(scaleX), scalarOr(scaleW));
  const qkv = toFloat(x, weights, scale, zeroX, zeroW, bias);
  const causal = n.int('unidirectional', 0) !== 0;
  return selfAttention(n, qkv, mask, null, { past, start: null }, causal);
}

const entries: Readonly<Record<string, (n: OnnxNode) => Value[]>> = {
  QGemm: gemm,
  MatMulIntegerToFloat: matMulIntegerToFloat,
  DynamicQuantizeMatMul: dynamic,
  MatMulInteger16: product16,
  MulInteger: mulInteger,
  ReduceSumInteger: sumInteger,
  QAttention: attention,
};

export const QGemm = importOnly(
  'QGemm',
  Object.entries(entries).map(([type, build]) => ({
    type,
    since: 1,
    domain: 'com.microsoft',
    build,
  })),
);
