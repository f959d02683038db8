/**
 * Scales and shifts of channels by constants, as batch norm leaves them, go into the weight and bias
 * of the convolution or product beside them. Weights of any size: what eval does not fold is a node of
 * constants, which the planner runs.
 */
import { apply, literal } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, isOp } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { rules } from '../ir/pass.js';
import { type Around, type Rule, nodeRule } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { Conv, type ConvAttrs } from '../ops/conv.js';
import { plus, times } from '../ops/formula.js';
import { MatMul } from '../ops/mat-mul.js';
import { Mul } from '../ops/mul.js';
import { ReduceSum } from '../ops/reduce-sum.js';
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
const originOf = (...nodes: readonly Node[]): { origin: string[] } => ({
  origin: [...new Set(nodes.flatMap((n) => n.origin))],
});

/** The constant c, [1] or [M], as a bias of all M channels; M is that of w. */
function filledBias(c: Value, w: Value): Value {
  const m = shapeOf(w)[0]!;
  return shapeOf(c)[0] === m
    ? c
    : plus(c, literal(dtypeOf(c), [Number(m)], new Float64Array(Number(m))));
}
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

const convRules: readonly Rule[] = [
  nodeRule('conv-scale', roots(Mul), (node, around) => {
    const found = behind(node, Conv, around);
    if (!found) return null;
    const { at, c } = found;
    const [x, w, bias = null] = at.inputs as [Value, Value, Value | null];
    if (!isConstant(w) || (bias && !isConstant(bias))) return 'weight or bias is not constant';
    const inputs = [x, times(w, along(c, 0, shapeOf(w).length)), bias && times(bias, c)];
    return apply(Conv, at.attrs, inputs, originOf(at as Node, node));
  }),
  nodeRule('conv-shift', roots(Add), (node, around) => {
    const found = behind(node, Conv, around);
    if (!found) return null;
    const { at, c } = found;
    const [x, w, bias = null] = at.inputs as [Value, Value, Value | null];
    if (bias && !isConstant(bias)) return 'the bias is not constant';
    const shift = bias ? plus(bias, c) : filledBias(c, w);
    return apply(Conv, at.attrs, [x, w, shift], originOf(at as Node, node));
  }),
  // conv(x · c): each input channel's weights times c; zeros around x stay zeros
  nodeRule('scale-conv', roots(Conv), (node, around) => {
    const found = before(node, Mul, around);
    if (!found) return null;
    const [, w, ...rest] = node.inputs as [Value, Value];
    const scaled = times(w, along(found.c, 1, shapeOf(w).length));
    return apply(
      Conv,
      node.attrs as ConvAttrs,
      [found.x, scaled, ...rest],
      originOf(found.at, node),
    );
  }),
  // conv(x + c) = conv(x) + Σ w·c, where no zeros around x are summed
  nodeRule('shift-conv', roots(Conv), (node, around) => {
    const { pads } = node.attrs as ConvAttrs;
    if (typeof pads === 'string' || pads.some(([a, b]) => a !== 0 || b !== 0)) return null;
    const found = before(node, Add, around);
    if (!found) return null;
    const [, w, bias = null, ...rest] = node.inputs as [Value, Value, Value | null];
    const shift = sumOf(times(w, along(found.c, 1, shapeOf(w).length)));
    const inputs = [found.x, w, bias ? plus(bias, shift) : shift, ...rest];
    return apply(Conv, node.attrs as ConvAttrs, inputs, originOf(found.at, node));
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
    return apply(MatMul, found.at.attrs, [x, times(w, found.c)], originOf(found.at as Node, node));
  }),
];

export const foldBatchNorm: Pass = rules('fold-batch-norm', [FOLD, ...convRules, ...productRules]);
