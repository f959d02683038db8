/** TopK (ONNX): the greatest or least elements along an axis, best first, and their indices. */
import { applyAll } from '../ir/build.js';
import { dtypeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { type DType, shortOf } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { eachLine } from './along-axis.js';
import { grainFor } from './effort.js';
import { checkAxis, fromStart, numericAt, rankAt } from './facts.js';
import { filled, intsOf, movable, room } from './moving.js';
import { int64s, knownAt, knownIn } from './sizes.js';

/** Input 1: k. Of equal elements the first comes first; NaN counts as greatest. */
export interface TopKAttrs {
  /** 0…rank−1 */
  readonly axis: number;
  readonly largest: boolean;
}

const NATIVE: readonly DType[] = ['float32', 'float64', 'int32', 'int64'];

/** Negative where a comes first, of the greatest. */
const order = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b)
    ? Number(Number.isNaN(b)) - Number(Number.isNaN(a))
    : b - a || 0;

export const TopK: OpDef<TopKAttrs> = defineOp<TopKAttrs>({
  name: 'TopK',
  infer(inputs, { axis }, ctx) {
    const { dtype, shape } = numericAt(inputs, 0);
    checkAxis(axis, shape.length);
    const k = knownAt(inputs, 1)?.[0] ?? ctx.fresh('k');
    const size = shape[axis]!;
    if (typeof k === 'number' && (k < 0 || (typeof size === 'number' && k > size)))
      shapeError(`the best ${k} of ${D.format(size)}`);
    const sizes = shape.with(axis, k);
    return [{ type: { dtype, shape: sizes } }, { type: { dtype: 'int64', shape: sizes } }];
  },
  eval([x, best], { axis, largest }) {
    const [k] = intsOf(best) as [number];
    const shape = x!.shape.with(axis, k);
    const values = toNumbers(x!);
    const data = room(x!, sizeOf(shape));
    const places = new Float64Array(data.length);
    const starts: [number, number][] = [];
    eachLine(shape, axis, (start, stride) => starts.push([start, stride]));
    let line = 0;
    eachLine(x!.shape, axis, (start, stride, length) => {
      const sorted = Array.from({ length }, (_, i) => i).sort((a, b) => {
        const first = order(values[start + a * stride]!, values[start + b * stride]!);
        return (largest ? first : -first) || a - b;
      });
      const [to, step] = starts[line++] ?? [0, 0];
      for (let i = 0; i < k; i++) {
        data[to + i * step] = x!.data[start + sorted[i]! * stride];
        places[to + i * step] = sorted[i]!;
      }
    });
    return [filled(x!, shape, data), fromNumbers('int64', shape, places)];
  },
  onnx: [
    {
      type: 'TopK',
      since: 1,
      build(n) {
        const k = n.inputs[1] ?? int64s([n.int('k')]);
        const attrs = {
          axis: fromStart(n.int('axis', -1), rankAt(n, 0)),
          largest: n.int('largest', 1) !== 0,
        };
        return applyAll(TopK, attrs, [n.inputs[0]!, k], { wanted: [true, true] });
      },
    },
  ],
  permute: ({ attrs: { axis, largest } }, from, perm) =>
    from === 0
      ? { attrs: { axis: perm[axis]!, largest }, inputs: [perm, null], outputs: [perm, perm] }
      : null,
  lower({ attrs: { axis, largest } }, l) {
    const [x, values] = [l.in(0), l.out()];
    l.emit({
      kernel: `top_k.${shortOf(x.dtype)}`,
      params: { axis, largest: Number(largest) },
      inputs: [x],
      outputs: [values, l.out(1)],
      scratch: D.mul(16, values.shape[axis]!),
      items: product(x.shape.filter((_, i) => i !== axis)),
      grain: grainFor(x.shape[axis]!),
    });
  },
  lowers: (node) =>
    movable(node) && knownIn(node, 1) !== null && NATIVE.includes(dtypeOf(node.inputs[0]!)),
});
