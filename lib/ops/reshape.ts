/** Reshape (ONNX): the same elements in row-major order in another shape. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { Lowering } from '../ir/step.js';
import { type Dim, isSym } from '../tensor/dim.js';
import { type Shape, denseStrides, formatShape, product, sameShape } from '../tensor/shape.js';
import { tensorAt } from './facts.js';
import { copyTo, intsOf, movable } from './moving.js';
import { inverse, reshapeOperand, reshapedOrder } from './regroup.js';
import { countAt, freshSizes, inputOrInts, int64s, knownAt, knownIn, quotient } from './sizes.js';

export interface ReshapeAttrs {
  /** false: a size of 0 stands for the input's size at that place */
  readonly allowzero: boolean;
  /** output axis i has the size number order[i] of the shape input; absent: in its order */
  readonly order?: readonly number[];
}

/** Sizes after a reshape to `wanted`, where 0 copies (unless allowed) and one −1 is what is left. */
export function reshapedSizes(from: Shape, wanted: Shape, allowzero: boolean): Dim[] {
  const sizes = wanted.map((d, i) =>
    d === 0 && !allowzero ? (from[i] ?? shapeError(`no size to copy to axis ${i}`)) : d,
  );
  const rest = sizes.filter((d) => d !== -1);
  const [a, b] = [product(from), product(rest)];
  if (sizes.length - rest.length > 1 || rest.some((d) => !isSym(d) && d < 0))
    shapeError(`cannot reshape to ${formatShape(wanted)}`);
  const fits = rest.length < sizes.length ? b === 0 || Number(a) % Number(b) === 0 : a === b;
  if (!isSym(a) && !isSym(b) && !fits)
    shapeError(`cannot reshape ${formatShape(from)} to ${formatShape(wanted)}`);
  return sizes.map((d) => (d === -1 ? quotient(from, rest) : d));
}

const wantedSizes = (value: Shape, { order }: ReshapeAttrs): Shape =>
  order ? order.map((i) => value[i]!) : value;

/** Writes output 0 as the elements of input 0 in row-major order, whatever their strides are. */
export function lowerReshaped(l: Lowering): void {
  const [x, out] = [l.in(0), l.out()];
  const from = reshapeOperand(x, out.shape);
  const to = reshapeOperand(out, x.shape);
  if (from) copyTo(l, from, out);
  else if (to) copyTo(l, x, to);
  else copyTo(l, { ...l.dense(x), shape: out.shape, strides: denseStrides(out.shape) }, out);
}

export const Reshape: OpDef<ReshapeAttrs> = defineOp<ReshapeAttrs>({
  name: 'Reshape',
  infer(inputs, attrs, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const wanted = knownAt(inputs, 1);
    if (!wanted) return [{ type: { dtype, shape: freshSizes(ctx, countAt(inputs, 1, ctx), 'd') } }];
    const sizes = reshapedSizes(shape, wantedSizes(wanted, attrs), attrs.allowzero);
    return [{ type: { dtype, shape: sizes } }];
  },
  eval([x, shape], attrs) {
    const wanted = wantedSizes(intsOf(shape), attrs);
    return [{ ...x!, shape: reshapedSizes(x!.shape, wanted, attrs.allowzero) as number[] }];
  },
  moves: [0],
  onnx: [
    {
      type: 'Reshape',
      since: 1,
      build: (n) => {
        const allowzero = n.int('allowzero', 0) !== 0;
        return [apply(Reshape, { allowzero }, [n.inputs[0]!, inputOrInts(n, 1, 'shape')])];
      },
    },
  ],
  view: (node, source) => [reshapeOperand(source, shapeOf(node.outputs[0]!))],
  permute(node, from, perm) {
    const wanted = knownIn(node, 1);
    const [x, y] = [shapeOf(node.inputs[0]!), shapeOf(node.outputs[0]!)];
    if (from !== 0 || !wanted) return null;
    const order = reshapedOrder(x, y, perm);
    if (!order) return null;
    const { allowzero, order: before } = node.attrs;
    const all = order.map((i) => before?.[i] ?? i);
    // a size that is copied from the input must still stand at the place it is copied to
    const torn = (axis: number, k: number): boolean => wanted[all[k]!] === 0 && perm[axis] !== k;
    if (!allowzero && order.some(torn)) return null;
    return { attrs: { allowzero, order: all }, inputs: [perm, null], outputs: [inverse(order)] };
  },
  lower: (_, l) => lowerReshaped(l),
  lowers: movable,
});

/** v in another shape, at most one size of it −1; v itself where it has that shape. */
export const reshaped = (v: Value, shape: Shape): Value =>
  sameShape(shapeOf(v), shape) ? v : apply(Reshape, { allowzero: true }, [v, int64s(shape)]);
