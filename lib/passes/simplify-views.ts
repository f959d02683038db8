/** The algebra of ops that move elements: what moves nothing vanishes, chains become one. */
import { apply } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, hasTrait, isOp } from '../ir/op.js';
import { type Around, type Rule, nodeRule } from '../ir/rewrite.js';
import { Concat } from '../ops/concat.js';
import { Expand } from '../ops/expand.js';
import { Flatten } from '../ops/flatten.js';
import { Identity } from '../ops/identity.js';
import { ReduceMax } from '../ops/reduce-max.js';
import { ReduceMean } from '../ops/reduce-mean.js';
import { ReduceMin } from '../ops/reduce-min.js';
import { ReduceProd } from '../ops/reduce-prod.js';
import { ReduceSum } from '../ops/reduce-sum.js';
import { Reshape } from '../ops/reshape.js';
import { Slice } from '../ops/slice.js';
import { Squeeze } from '../ops/squeeze.js';
import { Tile } from '../ops/tile.js';
import { Transpose } from '../ops/transpose.js';
import { Unsqueeze } from '../ops/unsqueeze.js';
import type { Dim } from '../tensor/dim.js';
import { broadcast, sameShape } from '../tensor/shape.js';
import { compose, isIdentity, movesNothing } from './permutations.js';
import { reshaped } from './shapes.js';

const ops = (...list: readonly unknown[]): OpDef[] => list as OpDef[];
const RESHAPES = ops(Reshape, Flatten, Squeeze, Unsqueeze);
const PLAIN_REDUCTIONS = ops(ReduceMax, ReduceMean, ReduceMin, ReduceProd, ReduceSum);

/** The input whose elements a reshaping node keeps in order, where its shape is known. */
const reshapes = (node: Node | null): Value | null =>
  node && RESHAPES.includes(node.op) && !(isOp(node, Reshape) && !node.inputs[1]?.fact.value)
    ? node.inputs[0]!
    : null;

const sameShapes = (a: Value, b: Value): boolean => sameShape(shapeOf(a), shapeOf(b));

/** What an operand of the element-wise y is when y is computed in `shape` and reshaped then, or null. */
function beforeReshape(v: Value, y: Value, shape: readonly Dim[], around: Around): Value | null {
  if (isOp(v.node, Reshape) && sameShapes(v, y) && around.uses(v) === 1) {
    const x = v.node.inputs[0]!;
    if (sameShape(shapeOf(x), shape)) return x;
  }
  if (v.weight && sameShapes(v, y)) return reshaped(v, shape);
  // one element, or a vector along a last axis that stays
  const own = shapeOf(v);
  const last = own.at(-1) ?? 1;
  if (own.some((d, i) => d !== 1 && i < own.length - 1)) return null;
  if (last !== 1 && (last !== shape.at(-1) || last !== shapeOf(y).at(-1))) return null;
  return own.length <= shape.length ? v : reshaped(v, last === 1 ? [] : [last]);
}

export const VIEW_RULES: readonly Rule[] = [
  nodeRule('identity', ops(Identity), ({ inputs }) => inputs[0]!),

  // every reshaping op becomes one Reshape of the value that a chain of them starts from
  nodeRule('reshape', RESHAPES, (node) => {
    const x = reshapes(node);
    const y = node.outputs[0]!;
    if (!x) return null;
    const start = reshapes(x.node);
    if (start) return reshaped(start, shapeOf(y));
    if (sameShapes(x, y)) return x;
    const done =
      isOp(node, Reshape) &&
      node.attrs.allowzero &&
      !node.attrs.order &&
      sameShape(node.inputs[1]!.fact.value!, shapeOf(y));
    return done ? null : reshaped(x, shapeOf(y));
  }),

  nodeRule('transpose', ops(Transpose), (node) => {
    if (!isOp(node, Transpose)) return null;
    const x = node.inputs[0]!;
    if (isIdentity(node.attrs.perm)) return x;
    if (!isOp(x.node, Transpose)) return null;
    const perm = compose(x.node.attrs.perm, node.attrs.perm);
    return isIdentity(perm) ? x.node.inputs[0]! : apply(Transpose, { perm }, [x.node.inputs[0]!]);
  }),

  nodeRule('whole-slice', ops(Slice), (node) =>
    isOp(node, Slice) &&
    node.attrs.steps.every((s) => s === 1) &&
    sameShapes(node.inputs[0]!, node.outputs[0]!)
      ? node.inputs[0]!
      : null,
  ),
  nodeRule('single-concat', ops(Concat), ({ inputs }) => (inputs.length === 1 ? inputs[0]! : null)),
  nodeRule('no-expand', ops(Expand, Tile), ({ inputs, outputs }) =>
    sameShapes(inputs[0]!, outputs[0]!) ? inputs[0]! : null,
  ),
  nodeRule('reduce-ones', PLAIN_REDUCTIONS, (node) => {
    const x = node.inputs[0]!;
    const { axes } = node.attrs as { axes: readonly number[] };
    const ones = axes.every((a) => shapeOf(x)[a] === 1);
    return ones && dtypeOf(x) === dtypeOf(node.outputs[0]!)
      ? reshaped(x, shapeOf(node.outputs[0]!))
      : null;
  }),

  // element-wise work goes before a reshape: to where it is made
  nodeRule('reshape-behind', null, (node, around) => {
    if (!hasTrait(node.op, 'elementwise') || node.outputs.length > 1) return null;
    // a reshaped weight is what an earlier turn of this rule made: going back to it would never end
    const from = node.inputs.find((v) => isOp(v?.node, Reshape) && !v.node.inputs[0]!.weight);
    const y = node.outputs[0]!;
    if (!from || !sameShapes(from, y)) return null;
    const shape = shapeOf(from.node!.inputs[0]!);
    const inputs = node.inputs.map((v) => v && beforeReshape(v, y, shape, around));
    if (inputs.includes(null) || inputs.includes(from)) return null;
    return reshaped(apply(node.op, node.attrs, inputs), shapeOf(y));
  }),

  // element-wise ops broadcast by themselves
  nodeRule('expand-operand', null, (node) => {
    if (!hasTrait(node.op, 'elementwise') || !node.inputs.some((v) => isOp(v?.node, Expand)))
      return null;
    const inputs = [...node.inputs];
    for (const [i, v] of inputs.entries()) {
      if (!v || !isOp(v.node, Expand)) continue;
      const inner = v.node.inputs[0]!;
      const shapes = inputs.map((w, k) => (k === i ? shapeOf(inner) : w ? shapeOf(w) : []));
      const shape = broadcast(...shapes);
      if (shape && sameShape(shape, shapeOf(node.outputs[0]!))) inputs[i] = inner;
    }
    return inputs.every((v, i) => v === node.inputs[i]) ? null : apply(node.op, node.attrs, inputs);
  }),
];

/** Only after sink-transposes, which needs to see them. */
export const LATE_VIEW_RULES: readonly Rule[] = [
  nodeRule('transpose-ones', ops(Transpose), (node) =>
    isOp(node, Transpose) && movesNothing(shapeOf(node.inputs[0]!), node.attrs.perm)
      ? reshaped(node.inputs[0]!, shapeOf(node.outputs[0]!))
      : null,
  ),
];
