/**
 * Products of dequantised operands become products of the integers: Σ s·(a − z)·t·(b − y) is s·t times
 * the int32 sum. What quantises the result becomes a stage of it. An int32 bias joins the sum where its
 * scale is s·t, as exporters write it.
 */
import { apply, constantTensor, literal } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import { type Pass, rules } from '../ir/pass.js';
import { scalarOf } from '../ir/pattern.js';
import { type Rule, nodeRule } from '../ir/rewrite.js';
import { Conv } from '../ops/conv.js';
import { ConvInteger } from '../ops/conv-integer.js';
import { DequantizeLinear } from '../ops/dequantize-linear.js';
import { cast, over, plus, scalarLike, times } from '../ops/formula.js';
import { isBytes, isOne } from '../ops/integer-product.js';
import { MatMul } from '../ops/mat-mul.js';
import { MatMulInteger } from '../ops/mat-mul-integer.js';
import { MaxPool } from '../ops/max-pool.js';
import { Mul } from '../ops/mul.js';
import { type QuantizeAttrs, QuantizeLinear } from '../ops/quantize-linear.js';
import { Relu } from '../ops/relu.js';
import { reshaped } from '../ops/reshape.js';
import { Transpose } from '../ops/transpose.js';
import { toNumbers } from '../tensor/tensor.js';

/** A tensor as (q − zero)·scale. */
interface Quantized {
  readonly q: Value;
  readonly zero: Value;
  readonly scale: Value;
}

/** What was dequantised, also before it was transposed with one scale for all. */
function quantizedOf(v: Value | null | undefined): Quantized | null {
  const node = v?.node;
  if (isOp(node, DequantizeLinear)) {
    const [q, zero, scale] = node.inputs as readonly [Value, Value, Value];
    return dtypeOf(v!) === 'float32' ? { q, zero, scale } : null;
  }
  if (!isOp(node, Transpose)) return null;
  const inner = quantizedOf(node.inputs[0]);
  if (!inner || !isOne(inner.scale) || !isOne(inner.zero)) return null;
  return { ...inner, q: apply(Transpose, node.attrs, [inner.q]) };
}

const isScalar = ({ zero, scale }: Quantized): boolean => isOne(zero) && isOne(scale);
const flat = (v: Value): Value => (isOne(v) ? reshaped(v, []) : reshaped(v, [-1]));

/** Zero point and scale of b vary along its axis `axis` only. */
function alongAxis({ q, zero, scale }: Quantized, axis: number): boolean {
  const rank = shapeOf(q).length;
  return [zero, scale].every((v) => {
    const shape = shapeOf(v);
    return isOne(v) || shape.every((d, i) => d === 1 || i + rank - shape.length === axis);
  });
}

/** A constant as numbers, dequantised if need be; null where it is none. */
function valuesOf(v: Value): ArrayLike<number> | null {
  const known = constantTensor(v);
  if (known) return toNumbers(known);
  const found = quantizedOf(v);
  if (!found) return null;
  const [q, zero, scale] = [found.q, found.zero, found.scale].map((x) => constantTensor(x));
  return q && zero && scale ? toNumbers(DequantizeLinear.eval!([q, zero, scale], {})[0]!) : null;
}

/** A bias in units of s·t, where these make it whole. */
function integerBias(bias: Value | null | undefined, s: Value, t: Value): Value | null {
  const values = bias && valuesOf(bias);
  const [a, b] = [constantTensor(s), constantTensor(t)];
  if (!values || !a || !b) return null;
  const [one, each] = [toNumbers(a)[0]!, toNumbers(b)];
  const whole: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]! / (one * each[each.length === 1 ? 0 : i]!);
    // what float32 rounds away is less than this
    const near = Math.abs(x - Math.round(x)) <= 1e-3 + 1e-6 * Math.abs(x);
    if (!near || Math.abs(x) >= 2 ** 31) return null;
    whole.push(Math.round(x));
  }
  return literal('int32', [whole.length], whole);
}

function integerConv(node: Node): Value | null {
  if (!isOp(node, Conv) || node.attrs.stages.length > 0 || node.attrs.narrow) return null;
  const [x, w] = [quantizedOf(node.inputs[0]), quantizedOf(node.inputs[1])];
  if (!x || !w || !isBytes(x.q) || !isBytes(w.q) || !isScalar(x) || !alongAxis(w, 0)) return null;
  if (shapeOf(w.q)[1] === 1) return null;
  const bias = node.inputs[2];
  const scale = flat(w.scale);
  const inside = integerBias(bias, x.scale, w.scale);
  const { kernel, strides, dilations, pads, group, stages } = node.attrs;
  const window = { kernel, strides, dilations, pads, group, stages };
  const sum = apply(ConvInteger, window, [x.q, w.q, flat(x.zero), flat(w.zero), inside]);
  const y = times(cast(sum, 'float32'), times(flat(x.scale), scale));
  return bias && !inside ? plus(y, bias) : y;
}

function integerMatMul(node: Node): Value | null {
  if (!isOp(node, MatMul) || node.attrs.stages.length > 0 || node.attrs.narrow) return null;
  const [a, b] = [quantizedOf(node.inputs[0]), quantizedOf(node.inputs[1])];
  if (!a || !b || !isBytes(a.q) || !isBytes(b.q) || !isScalar(a)) return null;
  if (shapeOf(b.q).length < 2 || !alongAxis(b, shapeOf(b.q).length - 1)) return null;
  const sum = apply(MatMulInteger, { stages: [] }, [a.q, b.q, flat(a.zero), flat(b.zero), null]);
  return times(cast(sum, 'float32'), times(flat(a.scale), flat(b.scale)));
}

const INTEGER: readonly Rule[] = [
  nodeRule('integer-conv', [Conv], integerConv),
  nodeRule('integer-matmul', [MatMul], integerMatMul),
];

export const integerProducts: Pass = rules('integer-products', INTEGER);

const least = (zero: Value, lo: number): boolean => {
  const value = scalarOf(zero);
  return value !== null && value === lo;
};

/** Quantising: what the clamp does anyway, before a choice of elements, and one factor instead of a factor and a scale. */
export const QUANTIZE_RULES: readonly Rule[] = [
  // it keeps the order of numbers, so that fewer are pooled as floats
  nodeRule('quantize-pooled', [QuantizeLinear], (node, around) => {
    const [x, scale, zero] = node.inputs as readonly [Value, Value, Value];
    if (!isOp(x.node, MaxPool) || x.node.attrs.indices !== 'none' || around.uses(x) > 1)
      return null;
    if (!((scalarOf(scale) ?? 0) > 0) || scalarOf(zero) === null || !isBytes(zero)) return null;
    return apply(MaxPool, x.node.attrs, [
      apply(node.op, node.attrs, [x.node.inputs[0]!, scale, zero]),
    ]);
  }),
  nodeRule('quantize-relu', [QuantizeLinear], (node, around) => {
    const [x, scale, zero] = node.inputs as readonly [Value, Value, Value];
    if (!isOp(x.node, Relu) || around.uses(x) > 1 || !least(zero, (node.attrs as QuantizeAttrs).lo))
      return null;
    if ((scalarOf(scale) ?? 0) <= 0) return null;
    return apply(node.op, node.attrs, [x.node.inputs[0]!, scale, zero]);
  }),
  nodeRule('quantize-scaled', [QuantizeLinear], (node, around) => {
    const [x, scale, zero] = node.inputs as readonly [Value, Value, Value];
    if (!isOp(x.node, Mul) || around.uses(x) > 1 || scalarOf(scale) === 1) return null;
    const [y, factor] = x.node.inputs as readonly [Value, Value];
    const sums = y.node && dtypeOf(y.node.inputs[0]!) === 'int32';
    if (!sums || !constantTensor(factor) || scalarOf(scale) === null) return null;
    const one = scalarLike(scale, 1);
    return apply(node.op, node.attrs, [times(y, over(factor, scale)), one, zero]);
  }),
];
