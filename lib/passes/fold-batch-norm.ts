/**
 * Scales and shifts of channels by constants, as batch norm leaves them, go into the weight and bias
 * of the convolution or product beside them. Weights of any size: what eval does not fold is a node of
 * constants, which the planner runs.
 */
import { apply, literal } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, isOp } from '../ir/op.js';
import { type Pass, rules } from '../ir/pass.js';
import { type Around, type Rule, nodeRule } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { Conv, type ConvAttrs } from '../ops/conv.js';
import { ConvTranspose } from '../ops/conv-transpose.js';
import { plus, times } from '../ops/formula.js';
import { MatMul } from '../ops/mat-mul.js';
import { Mul } from '../ops/mul.js';
import { ReduceSum } from '../ops/reduce-sum.js';
import type { Dim } from '../tensor/dim.js';
import { product, sameShape } from '../tensor/shape.js';
import { FOLD, isConstant } from './fold-constants.js';
import { reshaped } from './shapes.js';

/** v as [C] or [1], where it is a constant that only varies along the last axis of `of`. */
function perChannel(v: Value | null, of: Value): Value | null {
  if (!isConstant(v) || !v) return null;
  const shape = shapeOf(v);
  const last = shape.at(-1) ?? 1;
  if (shape.length > shapeOf(of).length || product(shape) !== last) return null;
  return last === 1 || last === shapeOf(of).at(-1) ? reshaped(v, [last]) : null;
}

/** [C] or [1] as a factor of axis `axis` of a tensor of `rank` axes. */
const along = (v: Value, axis: number, rank: number): Value =>
  reshaped(
    v,
    Array.from({ length: rank }, (_, i) => (i === axis ? shapeOf(v)[0]! : 1)),
  );

/** The input of an Add or Mul that a node of `op` without stages made for it alone, and the other. */
function behind<A>(node: Node, op: OpDef<A>, around: Around): { at: Node<A>; c: Value } | null {
  for (const [i, v] of node.inputs.entries()) {
    const at = v?.node;
    if (!isOp(at, op) || around.uses(v!) > 1) continue;
    if ((at.attrs as { stages: readonly unknown[] }).stages.length > 0) continue;
    if (!sameShape(shapeOf(v!), shapeOf(node.outputs[0]!))) continue;
    const c = perChannel(node.inputs[1 - i]!, v!);
    if (c) return { at, c };
  }
  return null;
}

const roots = (...ops: readonly unknown[]): readonly OpDef[] => ops as OpDef[];
/** A node that stands for the origins of others. */
const applied = <A>(
  op: OpDef<A>,
  attrs: NoInfer<A>,
  inputs: readonly (Value | null)[],
  nodes: readonly Node[],
): Value => apply(op, attrs, inputs, { origin: [...new Set(nodes.flatMap((n) => n.origin))] });

/** The constant c, [1] or [M], as a bias of all M channels. */
const filledBias = (c: Value, m: Dim): Value =>
  shapeOf(c)[0] === m ? c : plus(c, literal(dtypeOf(c), [Number(m)], new Float64Array(Number(m))));
/** [M]: the sum of each output channel's weights. */
const sumOf = (w: Value): Value =>
  apply(
    ReduceSum,
    {
      axes: shapeOf(w)
        .map((_, i) => i)
        .slice(1),
      keepdims: false,
    },
    [w],
  );

/** Scale and shift behind a convolution whose weight has the output channels as `axis`. */
const behindConv = <A extends ConvAttrs>(op: OpDef<A>, axis: number): readonly Rule[] => [
  nodeRule(`scale-behind-${op.name}`, roots(Mul), (node, around) => {
    const found = behind(node, op, around);
    if (!found) return null;
    const { at, c } = found;
    const [x, w] = at.inputs as [Value, Value];
    const bias = at.inputs[2] ?? null;
    if (axis !== 0 && at.attrs.group !== 1) return 'the output channels are spread over two axes';
    if (!isConstant(w) || (bias && !isConstant(bias))) return 'weight or bias is not constant';
    const inputs = [x, times(w, along(c, axis, shapeOf(w).length)), bias && times(bias, c)];
    return applied(op, at.attrs, inputs, [at as Node, node]);
  }),
  nodeRule(`shift-behind-${op.name}`, roots(Add), (node, around) => {
    const found = behind(node, op, around);
    if (!found) return null;
    const { at, c } = found;
    const [x, w] = at.inputs as [Value, Value];
    const bias = at.inputs[2] ?? null;
    if (bias && !isConstant(bias)) return 'the bias is not constant';
    const channels = shapeOf(node.outputs[0]!).at(-1)!;
    if (typeof channels !== 'number') return null;
    return applied(
      op,
      at.attrs,
      [x, w, bias ? plus(bias, c) : filledBias(c, channels)],
      [at as Node, node],
    );
  }),
];

const beforeConv: readonly Rule[] = [
  // conv(x · c): each input channel's weights times c; zeros around x stay zeros
  nodeRule('scale-conv', roots(Conv), (node, around) => {
    const found = before(node, Mul, around);
    if (!found) return null;
    const [, w, ...rest] = node.inputs as [Value, Value];
    const scaled = times(w, along(found.c, 1, shapeOf(w).length));
    return applied(Conv, node.attrs as ConvAttrs, [found.x, scaled, ...rest], [found.at, node]);
  }),
  // conv(x + c) = conv(x) + Σ w·c, where no zeros around x are summed
  nodeRule('shift-conv', roots(Conv), (node, around) => {
    const { pads } = node.attrs as ConvAttrs;
    if (typeof pads === 'string' || pads.some(([a, b]) => a !== 0 || b !== 0)) return null;
    const found = before(node, Add, around);
    if (!found) return null;
    const [, w] = node.inputs as [Value, Value];
    const [bias = null, ...rest] = node.inputs.slice(2);
    const shift = sumOf(times(w, along(found.c, 1, shapeOf(w).length)));
    const inputs = [found.x, w, bias ? plus(bias, shift) : shift, ...rest];
    return applied(Conv, node.attrs as ConvAttrs, inputs, [found.at, node]);
  }),
];

/** x op c, where it is the input of a Conv without groups only, with constant weights. */
function before(conv: Node, op: unknown, around: Around): { at: Node; x: Value; c: Value } | null {
  const [v, w, bias] = conv.inputs as [Value, Value, Value | null | undefined];
  const at = v.node;
  if (!at || at.op !== op || around.uses(v) > 1 || (conv.attrs as ConvAttrs).group !== 1)
    return null;
  if (!isConstant(w) || (bias && !isConstant(bias))) return null;
  for (const [i, x] of at.inputs.entries()) {
    const c = perChannel(at.inputs[1 - i]!, v);
    if (c && sameShape(shapeOf(x!), shapeOf(v))) return { at, x: x!, c };
  }
  return null;
}

const productRules: readonly Rule[] = [
  nodeRule('product-scale', roots(Mul), (node, around) => {
    const found = behind(node, MatMul, around);
    const [x, w] = (found?.at.inputs ?? []) as [Value, Value];
    if (!found || !isConstant(w) || shapeOf(w).length !== 2) return null;
    return applied(MatMul, found.at.attrs, [x, times(w, found.c)], [found.at as Node, node]);
  }),
];

export const foldBatchNorm: Pass = rules('fold-batch-norm', [
  FOLD,
  ...behindConv(Conv, 0),
  ...behindConv(ConvTranspose, 1),
  ...beforeConv,
  ...productRules,
]);
