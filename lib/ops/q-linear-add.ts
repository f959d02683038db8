/**
 * Element-wise QLinear operators of com.microsoft on 8-bit integers: QLinearAdd, QLinearMul,
 * QLinearSigmoid, QLinearLeakyRelu, QLinearWhere, QLinearConcat, QLinearSoftmax, QLinearReduceMean.
 */
import { apply, constantTensor, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { toNumbers } from '../tensor/tensor.js';
import { joined } from './arrange.js';
import { fromStart, rankAt } from './facts.js';
import { Floor } from './floor.js';
import { cast, importOnly, minus, over, plus, times } from './formula.js';
import { LeakyRelu } from './leaky-relu.js';
import { dequantized, offset, one, rescaled, rounded, zeroOf } from './q-linear.js';
import { quantized } from './quantize-linear.js';
import { ReduceMean } from './reduce-mean.js';
import { reshaped } from './reshape.js';
import { Sigmoid } from './sigmoid.js';
import { Softmax } from './softmax.js';
import { Where } from './where.js';

type Input = Value | null | undefined;

/** c = a · (sA / sC) + b · (sB / sC) + what the zero points come to. */
function add({ inputs }: OnnxNode): Value[] {
  const [a, scaleA, zeroA, b, scaleB, zeroB, scale, zero] = inputs as [
    ...[Value, Value, Input, Value, Value, Input, Value, Input],
  ];
  const [ratioA, ratioB] = [over(one(scaleA), one(scale)), over(one(scaleB), one(scale))];
  const float = (v: Value): Value => cast(v, 'float32');
  const shift = plus(
    times(ratioA, float(zeroOf(zeroA, a))),
    times(ratioB, float(zeroOf(zeroB, b))),
  );
  const fixed = minus(float(zeroOf(zero, a)), shift);
  const sum = plus(plus(fixed, times(float(a), ratioA)), times(float(b), ratioB));
  return [quantized(sum, literal('float32', [], [1]), literal(dtypeOf(a), [], [0]))];
}

function multiply({ inputs }: OnnxNode): Value[] {
  const [a, scaleA, zeroA, b, scaleB, zeroB, scale, zero] = inputs as [
    ...[Value, Value, Input, Value, Value, Input, Value, Input],
  ];
  const ratio = over(times(one(scaleA), one(scaleB)), one(scale));
  const exact = times(offset(a, zeroOf(zeroA, a)), offset(b, zeroOf(zeroB, b)));
  return [rounded(times(exact, ratio), zeroOf(zero, a))];
}

/** y = f(x), both quantised. */
function mapped({ inputs }: OnnxNode, f: (x: Value) => Value): Value[] {
  const [x, scaleX, zeroX, scale, zero] = inputs as [Value, Value, Input, Value, Input];
  return [quantized(f(dequantized(x, scaleX, zeroX)), one(scale), zeroOf(zero, x))];
}

const sameNumbers = (a: Input, b: Input): boolean => {
  const [x, y] = [constantTensor(a), constantTensor(b)];
  return a === b || (x !== null && y !== null && toNumbers(x)[0] === toNumbers(y)[0]);
};

/** x in another scale; itself where that is the same. */
function moved(x: Value, scaleX: Value, zeroX: Input, scale: Value, zero: Input): Value {
  if (sameNumbers(scaleX, scale) && sameNumbers(zeroX, zero)) return x;
  return quantized(dequantized(x, scaleX, zeroX), one(scale), zeroOf(zero, x));
}

function where({ inputs }: OnnxNode): Value[] {
  const [condition, x, scaleX, zeroX, y, scaleY, zeroY, scale, zero] = inputs as [
    ...[Value, Value, Value, Input, Value, Value, Input, Value, Input],
  ];
  const [a, b] = [moved(x, scaleX, zeroX, scale, zero), moved(y, scaleY, zeroY, scale, zero)];
  return [apply(Where, {}, [condition, a, b])];
}

function concat(n: OnnxNode): Value[] {
  const [scale, zero, ...rest] = n.inputs as [Value, Input, ...Value[]];
  const count = Math.floor(rest.length / 3);
  const parts = Array.from({ length: count }, (_, i) =>
    moved(rest[3 * i]!, rest[3 * i + 1]!, rest[3 * i + 2], scale, zero),
  );
  return [joined(fromStart(n.int('axis'), shapeOf(parts[0]!).length), ...parts)];
}

/**
 * Weights are multiples of ⌊1 / scale⌋⁻¹. The attribute `opset` is that of the Softmax it stands for:
 * before 13 all axes from `axis` on are one.
 */
function softmax(n: OnnxNode): Value[] {
  const [x, scaleX, zeroX, scale, zero] = n.inputs as [Value, Value, Input, Value, Input];
  const shape = shapeOf(x);
  const flat = n.int('opset') < 13;
  const axis = fromStart(n.int('axis', flat ? 1 : -1), shape.length);
  const values = times(offset(x, zeroOf(zeroX, x)), one(scaleX));
  const rows = flat
    ? reshaped(values, [...shape.slice(0, axis), product(shape.slice(axis))])
    : values;
  const weights = reshaped(apply(Softmax, { axis }, [rows]), shape);
  const units = apply(Floor, {}, [over(literal('float32', [], [1]), one(scale))]);
  return [quantized(times(weights, units), literal('float32', [], [1]), zeroOf(zero, x))];
}

function reduceMean(n: OnnxNode): Value[] {
  const [x, scaleX, zeroX, scale, zero] = n.inputs as [Value, Value, Input, Value, Input];
  const rank = rankAt(n, 0);
  const all = Array.from({ length: rank }, (_, i) => i);
  const axes = n.ints('axes', all).map((a) => fromStart(a, rank));
  const attrs = { axes: [...axes].sort((a, b) => a - b), keepdims: n.int('keepdims', 1) !== 0 };
  const mean = apply(ReduceMean, attrs, [dequantized(x, scaleX, zeroX)]);
  return [rescaled(mean, scale, zeroOf(zero, x))];
}

const entries: Readonly<Record<string, (n: OnnxNode) => Value[]>> = {
  QLinearAdd: add,
  QLinearMul: multiply,
  QLinearSigmoid: (n) => mapped(n, (x) => apply(Sigmoid, {}, [x])),
  QLinearLeakyRelu: (n) =>
    mapped(n, (x) => apply(LeakyRelu, { alpha: n.float('alpha', 0.01) }, [x])),
  QLinearWhere: where,
  QLinearConcat: concat,
  QLinearSoftmax: softmax,
  QLinearReduceMean: reduceMean,
};

export const QLinearAdd = importOnly(
  'QLinearAdd',
  Object.entries(entries).map(([type, build]) => ({
    type,
    since: 1,
    domain: 'com.microsoft',
    build,
  })),
);
