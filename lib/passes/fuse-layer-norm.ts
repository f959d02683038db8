/**
 * Layer and RMS normalisation over the last axes, as exporters write them out:
 * d = x − mean(x); d / √(mean(d²) + ε), then · scale + bias. Without the mean it is RmsNorm.
 * Runs after simplify, which made products of powers.
 */
import { apply } from '../ir/build.js';
import { type Node, type Value, shapeOf } from '../ir/graph.js';
import { type OpDef, isOp } from '../ir/op.js';
import { rules } from '../ir/pass.js';
import { type Pattern, any, as, constScalar, oneOf, pat, patIf } from '../ir/pattern.js';
import { type Rule, nodeRule, rule } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { Div } from '../ops/div.js';
import { LayerNorm } from '../ops/layer-norm.js';
import { Mul } from '../ops/mul.js';
import { Reciprocal } from '../ops/reciprocal.js';
import { ReduceMean } from '../ops/reduce-mean.js';
import type { ReduceAttrs } from '../ops/reduction.js';
import { RmsNorm } from '../ops/rms-norm.js';
import type { RowNormAttrs } from '../ops/row-norm.js';
import { Sqrt } from '../ops/sqrt.js';
import { Sub } from '../ops/sub.js';
import { sameShape } from '../tensor/shape.js';
import { isConstant } from './fold-constants.js';
import { reshaped } from './shapes.js';

/** First of the last axes that a mean is taken over; null where it is over others. */
function lastAxes({ axes, keepdims }: ReduceAttrs, rank: number): number | null {
  const first = rank - axes.length;
  return keepdims && axes.length > 0 && axes.every((a, i) => a === first + i) ? first : null;
}

/** Mean of p over last axes, captured. */
const mean = <N extends string, C>(
  name: N,
  p: Pattern<C>,
): Pattern<C & { readonly [K in N]: Value }> => {
  const rank = (node: Node<ReduceAttrs>): number => shapeOf(node.inputs[0]!).length;
  const plain = patIf(ReduceMean, (attrs, node) => lastAxes(attrs, rank(node)) !== null, p);
  return as(name, plain);
};

/** v / √(mean(v²) + ε) */
function normalised<C>(v: Pattern<C>): Pattern<C & { readonly square: Value; readonly e: number }> {
  const square: Pattern<C & { readonly square: Value }> = mean('square', pat(Mul, v, v));
  const root = pat(Sqrt, pat(Add, square, constScalar('e')));
  return oneOf(pat(Div, v, root), pat(Mul, v, pat(Reciprocal, root)));
}

function norm(op: OpDef<RowNormAttrs>, x: Value, epsilon: number, means: Value[]): Value | string {
  const rank = shapeOf(x).length;
  const [axis, ...others] = means.map((m) => lastAxes(m.node!.attrs as ReduceAttrs, rank));
  if (others.some((a) => a !== axis)) return 'the two means are over different axes';
  return apply(op, { axis: axis!, epsilon, sum: false }, [x, null, null, null]);
}

const x = any('x');
const centred = pat(Sub, x, mean('mean', x));

/** y · scale or y + bias, of the shape of the normalised axes: inputs 1 and 2 of the norm. */
const affine = (name: string, op: unknown, slot: 1 | 2): Rule =>
  nodeRule(name, [op as OpDef], (node, around) => {
    for (const [i, v] of node.inputs.entries()) {
      const normed = v?.node;
      const operand = node.inputs[1 - i]!;
      if (!isConstant(operand) || !(isOp(normed, LayerNorm) || isOp(normed, RmsNorm))) continue;
      const { axis, sum } = normed.attrs;
      const inputs = [0, 1, 2, 3].map((k) => normed.inputs[k] ?? null);
      if (sum || inputs[slot] || inputs[2]) continue;
      const behind = shapeOf(v!).slice(axis);
      const shape = shapeOf(operand);
      const lead = shape.length - behind.length;
      const fits = lead >= 0 && shape.every((d, k) => d === (k < lead ? 1 : behind[k - lead]));
      if (!fits || !sameShape(shapeOf(v!), shapeOf(node.outputs[0]!))) continue;
      if (around.uses(v!) > 1) return 'the normalised value has other users';
      inputs[slot] = reshaped(operand, behind);
      const origin = [...normed.origin, ...node.origin];
      return apply(normed.op, normed.attrs, inputs, { origin });
    }
    return null;
  });

export const fuseLayerNorm = rules('fuse-layer-norm', [
  rule('layer-norm', normalised(centred), (c) => norm(LayerNorm, c.x, c.e, [c.mean, c.square])),
  rule('rms-norm', normalised(x), (c) => norm(RmsNorm, c.x, c.e, [c.square])),
  affine('scale', Mul, 1),
  affine('bias', Add, 2),
]);
