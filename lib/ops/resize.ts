/** Resize (ONNX): some axes resampled by nearest neighbours, linear or cubic interpolation. */
import { apply } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import { denseStrides } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { numericAt } from './facts.js';
import { filled, intsOf, movable, room, walk } from './moving.js';
import { channelsFirst, channelsLast, lastPerm } from './layout.js';
import { knownAt } from './sizes.js';
import { type AxisGrid, type GridAttrs, neighboursOf } from './resize-grid.js';
import { lowerResize } from './resize-steps.js';
import { type ResizeRequest, readResize, readUpsample } from './resize-onnx.js';
import { type ResizeAttrs, resized } from './resize-shape.js';

/** One axis resampled; `outside` collects the elements whose position is outside. */
function resampled(
  x: Float64Array,
  shape: readonly number[],
  axis: number,
  grid: AxisGrid,
  attrs: GridAttrs,
): Float64Array {
  const result = shape.with(axis, grid.length);
  const y = new Float64Array(sizeOf(result));
  const inner = sizeOf(shape.slice(axis + 1));
  const taps = Array.from({ length: grid.length }, (_, i) => neighboursOf(i, attrs, grid));
  for (let o = 0; o < sizeOf(shape.slice(0, axis)); o++)
    taps.forEach(({ places, weights }, i) => {
      for (let k = 0; k < inner; k++) {
        let sum = 0;
        for (let t = 0; t < places.length; t++)
          sum += weights[t]! * x[(o * grid.size + places[t]!) * inner + k]!;
        y[(o * grid.length + i) * inner + k] = sum;
      }
    });
  return y;
}

function evaluate(x: Tensor, sizes: readonly number[], attrs: ResizeAttrs): Tensor {
  const to = resized(x.shape, attrs, sizes);
  const shape = to.shape as number[];
  const grids = attrs.axes.map((axis, i): AxisGrid => ({
    size: x.shape[axis]!,
    length: shape[axis]!,
    scale: to.scales[i]!,
    roi: attrs.roi?.[i] ?? [0, 1],
  }));
  if (attrs.mode === 'nearest' && attrs.transform !== 'tf_crop_and_resize')
    return moved(x, shape, attrs, grids);
  let values = toNumbers(x);
  let now: readonly number[] = x.shape;
  attrs.axes.forEach((axis, i) => {
    values = resampled(values, now, axis, grids[i]!, attrs);
    now = now.with(axis, shape[axis]!);
  });
  if (attrs.transform === 'tf_crop_and_resize') {
    const dense = denseStrides(shape) as number[];
    attrs.axes.forEach((axis, i) => {
      for (let k = 0; k < shape[axis]!; k++)
        if (neighboursOf(k, attrs, grids[i]!).outside)
          walk(
            shape.with(axis, 1),
            dense,
            k * dense[axis]!,
            (at) => (values[at] = attrs.extrapolation),
          );
    });
  }
  return fromNumbers(x.dtype, shape, values);
}

/** Nearest neighbours, of any dtype. */
function moved(x: Tensor, shape: readonly number[], attrs: ResizeAttrs, grids: AxisGrid[]): Tensor {
  const own = denseStrides(x.shape) as number[];
  const sources = shape.map((n, axis) => {
    const grid = grids[attrs.axes.indexOf(axis)];
    const place = (i: number): number => (grid ? neighboursOf(i, attrs, grid).places[0]! : i);
    return Array.from({ length: n }, (_, i) => place(i) * own[axis]!);
  });
  const dense = denseStrides(shape) as number[];
  const data = room(x, sizeOf(shape));
  walk(shape, dense, 0, (at) => {
    data[at] =
      x.data[sources.reduce((sum, s, i) => sum + s[Math.floor(at / dense[i]!) % shape[i]!]!, 0)];
  });
  return filled(x, shape, data);
}

const NATIVE = (node: Node<ResizeAttrs>): boolean =>
  node.attrs.transform !== 'tf_crop_and_resize' &&
  (node.attrs.mode === 'nearest' || dtypeOf(node.inputs[0]!) === 'float32');

/** Resizes x, with channels last where only spatial axes change. */
function placed(x: Value, { attrs, sizes }: ResizeRequest): Value {
  const shape = shapeOf(x);
  const known = sizes?.fact.value;
  const still = (axis: number): boolean => {
    const i = attrs.axes.indexOf(axis);
    return i < 0 || (!!known && attrs.policy === 'stretch' && known[i] === shape[axis]);
  };
  if (shape.length < 3 || !still(0) || !still(1)) return apply(Resize, attrs, [x, sizes]);
  const perm = lastPerm(shape.length);
  const axes = attrs.axes.map((a) => perm.indexOf(a));
  return channelsFirst(apply(Resize, { ...attrs, axes }, [channelsLast(x), sizes]));
}

export const Resize: OpDef<ResizeAttrs> = defineOp<ResizeAttrs>({
  name: 'Resize',
  infer(inputs, attrs, ctx) {
    const { dtype, shape } = numericAt(inputs, 0);
    const { axes, scales } = attrs;
    if (axes.some((a) => a < 0 || a >= shape.length))
      shapeError(`axes [${axes.join(',')}] do not fit rank ${shape.length}`);
    const sizes = scales ? [] : knownAt(inputs, 1);
    if (!sizes) {
      const fresh = shape.map((d, i) => (axes.includes(i) ? ctx.fresh(`d${i}`) : d));
      return [{ type: { dtype, shape: fresh } }];
    }
    if ((scales ?? sizes).length !== axes.length)
      shapeError(`${(scales ?? sizes).length} scales or sizes for ${axes.length} axes`);
    return [{ type: { dtype, shape: resized(shape, attrs, sizes, ctx).shape } }];
  },
  eval: ([x, sizes], attrs) => [evaluate(x!, intsOf(sizes), attrs)],
  onnx: [
    { type: 'Resize', since: 10, build: (n) => [placed(n.inputs[0]!, readResize(n))] },
    { type: 'Upsample', since: 1, build: (n) => [placed(n.inputs[0]!, readUpsample(n))] },
  ],
  permute: ({ attrs }, from, perm) =>
    from === 0
      ? {
          attrs: { ...attrs, axes: attrs.axes.map((a) => perm[a]!) },
          inputs: [perm, null],
          outputs: [perm],
        }
      : null,
  lower: lowerResize,
  lowers: (node) => movable(node) && NATIVE(node),
});
