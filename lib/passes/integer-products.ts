/**
 * Products of dequantised operands become products of the integers: Σ s·(a − z)·t·(b − y) is s·t times
 * the int32 sum. What quantises the result becomes a stage of it. An int32 bias joins the sum where its
 * scale is s·t, as exporters write it.
 */
import { apply, constantTensor } from '../ir/build.js';
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
import { Mul } from '../ops/mul.js';
import { QuantizeLinear } from '../ops/quantize-linear.js';
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

/** The int32 values of a bias whose scale is the product's. */
function integerBias(bias: Value | null | undefined, a: Value, b: Value): Value | null {
  const found = quantizedOf(bias);
  if (!found || dtypeOf(found.q) !== 'int32' || scalarOf(found.zero) !== 0) return null;
  const [s, t] = [constantTensor(a), constantTensor(b)];
  if (!s || !t || !constantTensor(found.scale)) return null;
  const [scale, each] = [toNumbers(s)[0]!, toNumbers(t)];
  const own = toNumbers(constantTensor(found.scale)!);
  const at = (list: ArrayLike<number>, i: number): number => list[list.length === 1 ? 0 : i]!;
  for (let i = 0; i < Math.max(own.length, each.length); i++)
    if (!(Math.abs(at(own, i) - scale * at(each, i)) <= 1e-5 * scale * at(each, i))) return null;
  return found.q;
}

function integerConv(node: Node): Value | null {
  if (!isOp(node, Conv) || node.attrs.stages.length > 0 || node.attrs.narrow) return null;
  const [x, w] = [quantizedOf(node.inputs[0]), quantizedOf(node.inputs[1])];
  if (!x || !w || !isBytes(x.q) || !isBytes(w.q) || !isScalar(x) || !alongAxis(w, 0)) return null;
  if (shapeOf(w.q)[1] === 1) return null;
  const bias = node.inputs[2];
  const scale = flat(w.scale);
  const inside = integerBias(bias, x.scale, scale);
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

const least = (zero: Value): boolean => {
  const value = scalarOf(zero);
  return value !== null && value === (dtypeOf(zero) === 'uint8' ? 0 : -128);
};

/** Quantising: what the clamp does anyway, and one factor instead of a factor and a scale. */
export const QUANTIZE_RULES: readonly Rule[] = [
  nodeRule('quantize-relu', [QuantizeLinear], (node, around) => {
    const [x, scale, zero] = node.inputs as readonly [Value, Value, Value];
    if (!isOp(x.node, Relu) || around.uses(x) > 1 || !least(zero)) return null;
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
