/**
 * softmax(scale·q·kᵀ + mask)·v as exporters write it, with heads as second axis or joined to the
 * batch. Splitting and merging heads stays outside: as Transposes, which are views. Runs after simplify,
 * which made products of quotients.
 */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, isOp } from '../ir/op.js';
import { rules } from '../ir/pass.js';
import { type Pattern, any, constScalar, oneOf, pat, patIf, scalarOf } from '../ir/pattern.js';
import { type Around, nodeRule, rule } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import type { AxisAttrs } from '../ops/along-axis.js';
import { Attention } from '../ops/attention.js';
import { Expand } from '../ops/expand.js';
import { MatMul } from '../ops/mat-mul.js';
import { Mul } from '../ops/mul.js';
import { Reshape } from '../ops/reshape.js';
import { Softmax } from '../ops/softmax.js';
import { Transpose } from '../ops/transpose.js';
import { Where } from '../ops/where.js';
import { scalarLike } from '../ops/formula.js';
import { type Dim, isMinOf, isSym } from '../tensor/dim.js';
import { isFloat } from '../tensor/dtype.js';
import { sameShape } from '../tensor/shape.js';
import { VIEW_RULES } from './simplify-views.js';
import { reshaped } from './shapes.js';

interface Found {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly scale?: number;
  readonly mask?: Value;
  readonly condition?: Value;
  readonly low?: number;
}

const plain = <C, D>(a: Pattern<C>, b: Pattern<D>) =>
  patIf(MatMul, ({ stages }) => stages.length === 0, a, b);
const product = plain(any('q'), any('k')) as Pattern<Found>;
const scaled = oneOf<Found>(pat(Mul, product, constScalar('scale')), product);
const chosen: Pattern<Found> = pat(Where, any('condition'), scaled, constScalar('low'));
const scores = oneOf<Found>(
  pat(Add, chosen, any('mask')),
  pat(Add, scaled, any('mask')),
  chosen,
  scaled,
);
const weights: Pattern<Found> = patIf<AxisAttrs, [Pattern<Found>]>(
  Softmax,
  ({ axis }, node) => axis === shapeOf(node.inputs[0]!).length - 1,
  scores,
);

/** Softmax of numbers so low gives nothing, whatever is added to them. */
const LOW = -1e9;

const attention = rule(
  'attention',
  plain(weights, any('v')) as Pattern<Found>,
  ({ q, k, v, scale = 1, mask, condition, low = 0 }, root) => {
    const y = root.outputs[0]!;
    const rank = shapeOf(y).length;
    if (rank !== 3 && rank !== 4) return `heads of rank ${rank}`;
    if (!isFloat(dtypeOf(y)) || [q, k, v].some((x) => shapeOf(x).length !== rank)) return null;
    const lead = (x: Value) => shapeOf(x).slice(0, -2);
    if (!sameShape(lead(q), lead(k)) || !sameShape(lead(q), lead(v))) return 'heads are broadcast';
    if (condition && low > LOW) return 'masked scores are not low enough';
    const all = [...lead(q), shapeOf(q).at(-2)!, shapeOf(k).at(-1)!];
    if ([condition, mask].some((x) => x && !fitsInto(x, all)))
      return 'the mask enlarges the scores';
    const hidden = condition && apply(Where, {}, [condition, scalarLike(q, 0), scalarLike(q, low)]);
    const bias = hidden && mask ? apply(Add, {}, [hidden, mask]) : (hidden ?? mask);
    const swap = [...lead(k).map((_, i) => i), rank - 1, rank - 2];
    const inputs = [q, apply(Transpose, { perm: swap }, [k]), v].map((x) =>
      rank === 3 ? withHead(x) : x,
    );
    const wide = bias && (rank === 3 && shapeOf(bias).length === 3 ? withHead(bias) : bias);
    const out = apply(Attention, { scale, causal: false }, [...inputs, wide ?? null]);
    return reshaped(out, shapeOf(y));
  },
);

/** [N, L, D] → [N, 1, L, D] */
const withHead = (x: Value): Value => {
  const [n, ...rest] = shapeOf(x);
  return reshaped(x, [n!, 1, ...rest]);
};

/**
 * True when v only has to be repeated to have the shape of the scores. Of keys there are as many as
 * of values, whatever the name of that size is.
 */
function fitsInto(v: Value, shape: readonly Dim[]): boolean {
  const own = shapeOf(v);
  const lead = shape.length - own.length;
  const keys = own.length - 1;
  const fits = (d: Dim, to: Dim): boolean => d === 1 || d === to || isMinOf(d, to);
  return lead >= 0 && own.every((d, i) => fits(d, shape[lead + i]!) || (i === keys && isSym(d)));
}

/** x with its views over y · c gone, and c: where a value is scaled before heads are split. */
function unscaled(x: Value, around: Around): { x: Value; c: number } | null {
  const node = x.node;
  if (!node || around.uses(x) > 1) return null;
  if (isOp(node, Mul)) {
    for (const [i, c] of node.inputs.entries()) {
      const other = node.inputs[1 - i]!;
      const factor = scalarOf(c);
      if (factor !== null && sameShape(shapeOf(other), shapeOf(x))) return { x: other, c: factor };
    }
    return null;
  }
  if (!isOp(node, Transpose) && !isOp(node, Reshape)) return null;
  const inner = unscaled(node.inputs[0]!, around);
  if (!inner) return null;
  return { x: apply(node.op as OpDef, node.attrs, [inner.x, ...node.inputs.slice(1)]), c: inner.c };
}

/** The heads that Expand and Reshape repeated: [B, K, 1, L, D] → [B, K, G, L, D] → [B, K·G, L, D]. */
function unrepeated(x: Value): Value | null {
  const expand = isOp(x.node, Reshape) ? x.node.inputs[0]!.node : null;
  if (!isOp(expand, Expand)) return null;
  const from = shapeOf(expand.inputs[0]!);
  const to = shapeOf(expand.outputs[0]!);
  const [b, k, one, l, d] = from;
  const fits = from.length === 5 && one === 1 && [0, 1, 3, 4].every((i) => from[i] === to[i]);
  const [rb, , rl, rd] = shapeOf(x);
  if (!fits || rb !== b || rl !== l || rd !== d) return null;
  return reshaped(expand.inputs[0]!, [b!, k!, l!, d!]);
}

const refinements = [
  nodeRule('attention-scale', [Attention], (node, around) => {
    if (!isOp(node, Attention)) return null;
    for (const i of [0, 1]) {
      const found = unscaled(node.inputs[i]!, around);
      if (!found) continue;
      const attrs = { ...node.attrs, scale: node.attrs.scale * found.c };
      return apply(Attention, attrs, node.inputs.with(i, found.x));
    }
    return null;
  }),
  nodeRule('attention-groups', [Attention], (node) => {
    if (!isOp(node, Attention)) return null;
    const [q, k, v] = node.inputs as [Value, Value, Value];
    const [keys, values] = [unrepeated(k), unrepeated(v)];
    if (!keys || !values || shapeOf(keys)[1] !== shapeOf(values)[1]) return null;
    return apply(Attention, node.attrs, [q, keys, values, node.inputs[3] ?? null]);
  }),
];

export const fuseAttention = rules('fuse-attention', [attention, ...VIEW_RULES, ...refinements]);
