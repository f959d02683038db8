/** Slice (ONNX): start…end of some axes, every step-th element; negative steps run backwards. */
import { apply } from '../ir/build.js';
import { type Node, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import type { Value } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type Shape, denseStrides } from '../tensor/shape.js';
import { numbersOf, rankAt, tensorAt } from './facts.js';
import { copyStep, copyTo, intsOf, movable, strided } from './moving.js';
import { axesOf, inputOrInts, knownAt, knownIn } from './sizes.js';

/** Inputs 1 and 2 are the starts and ends of these axes. */
export interface SliceAttrs {
  readonly axes: readonly number[];
  /** as many as axes, none of them 0 */
  readonly steps: readonly number[];
}

/** From here on an end means: to the end, whatever the size (exporters write the largest int32 or int64). */
const UNLIMITED = 2 ** 31 - 1;

/** A position of 0…size (or −1…size−1 when stepping back); negative ones count from the end. */
function clamped(at: Dim, size: Dim, step: number): Dim {
  const [low, high] = step > 0 ? [0, size] : [-1, D.sub(size, 1)];
  if (typeof at === 'number') {
    if (at >= UNLIMITED) return high;
    if (at <= -UNLIMITED) return low;
  }
  const from = D.select(D.lt(at, 0), D.add(at, size), at);
  return D.max(low, D.min(from, high));
}

interface Range {
  /** first element */
  readonly start: Dim;
  readonly count: Dim;
}

/** What is taken of an axis. */
function rangeOf(start: Dim, end: Dim, step: number, size: Dim): Range {
  if (step > 0) {
    const [a, b] = [clamped(start, size, step), clamped(end, size, step)];
    return { start: a, count: D.max(0, D.ceilDiv(D.sub(b, a), step)) };
  }
  // a start before the first element takes nothing; it is 0 so that no address is negative
  const [a, b] = [clamped(start, size, step), clamped(end, size, step)];
  return { start: D.max(0, a), count: D.max(0, D.ceilDiv(D.sub(a, b), -step)) };
}

function rangesOf(shape: Shape, { axes, steps }: SliceAttrs, starts: Shape, ends: Shape): Range[] {
  return axes.map((axis, k) => rangeOf(starts[k]!, ends[k]!, steps[k]!, shape[axis]!));
}

function countsOf(shape: Shape, axes: readonly number[], ranges: readonly Range[]): Dim[] {
  const sizes = [...shape];
  axes.forEach((axis, k) => (sizes[axis] = ranges[k]!.count));
  return sizes;
}

/** The elements taken; axes that run backwards are given from their last element on, forwards. */
function sliced(node: Node<SliceAttrs>, x: Operand): Operand {
  const { axes, steps } = node.attrs;
  const ranges = rangesOf(x.shape, node.attrs, knownIn(node, 1)!, knownIn(node, 2)!);
  const strides = [...x.strides];
  let offset = x.offset;
  axes.forEach((axis, k) => {
    const { start, count } = ranges[k]!;
    const step = Math.abs(steps[k]!);
    const first = steps[k]! > 0 ? start : D.max(0, D.sub(start, D.mul(step, D.sub(count, 1))));
    offset = D.add(offset, D.mul(first, x.strides[axis]!));
    strides[axis] = D.mul(x.strides[axis]!, step);
  });
  return { ...x, shape: countsOf(x.shape, axes, ranges), strides, offset };
}

function build(n: OnnxNode, starts: Value | null, ends: Value | null): Value {
  const rank = rankAt(n, 0);
  const axes = numbersOf(n, inputOrInts(n, 3, 'axes'));
  const steps = numbersOf(n, n.inputs[4]);
  const count = axes?.length ?? (starts ? shapeOf(starts)[0] : 0);
  const all = axes ?? Array.from({ length: typeof count === 'number' ? count : rank }, (_, i) => i);
  const attrs = { axes: axesOf(all, rank), steps: steps ?? all.map(() => 1) };
  return apply(Slice, attrs, [n.inputs[0]!, starts, ends]);
}

export const Slice: OpDef<SliceAttrs> = defineOp<SliceAttrs>({
  name: 'Slice',
  infer(inputs, attrs, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const { axes, steps } = attrs;
    if (axes.length !== steps.length || steps.includes(0))
      shapeError(`steps [${steps.join(',')}] do not fit axes [${axes.join(',')}]`);
    const [starts, ends] = [knownAt(inputs, 1), knownAt(inputs, 2)];
    if (starts && ends) {
      if (starts.length !== axes.length || ends.length !== axes.length)
        shapeError(`${starts.length} starts and ${ends.length} ends for ${axes.length} axes`);
      return [
        { type: { dtype, shape: countsOf(shape, axes, rangesOf(shape, attrs, starts, ends)) } },
      ];
    }
    const sizes = shape.map((d, i) => (axes.includes(i) ? ctx.fresh(`d${i}`) : d));
    return [{ type: { dtype, shape: sizes } }];
  },
  eval([x, starts, ends], attrs) {
    const { axes, steps } = attrs;
    const ranges = rangesOf(x!.shape, attrs, intsOf(starts), intsOf(ends));
    const strides = denseStrides(x!.shape) as number[];
    let offset = 0;
    axes.forEach((axis, k) => {
      offset += (ranges[k]!.start as number) * strides[axis]!;
      strides[axis]! *= steps[k]!;
    });
    return [strided(x!, countsOf(x!.shape, axes, ranges) as number[], strides, offset)];
  },
  moves: [0],
  onnx: [
    {
      type: 'Slice',
      since: 1,
      build: (n) => [build(n, inputOrInts(n, 1, 'starts'), inputOrInts(n, 2, 'ends'))],
    },
  ],
  view: (node, source) =>
    knownIn(node, 1) && knownIn(node, 2) && node.attrs.steps.every((s) => s > 0)
      ? [sliced(node, source)]
      : null,
  permute: ({ attrs: { axes, steps } }, from, perm) =>
    from === 0
      ? {
          attrs: { axes: axes.map((a) => perm[a]!), steps },
          inputs: [perm, null, null],
          outputs: [perm],
        }
      : null,
  lower(node, l) {
    const { axes, steps } = node.attrs;
    const reversed = axes.reduce((mask, axis, k) => (steps[k]! < 0 ? mask | (1 << axis) : mask), 0);
    const from = sliced(node, l.in(0));
    if (reversed) l.emit(copyStep(from, l.out(), reversed));
    else copyTo(l, from, l.out());
  },
  lowers: (node) => movable(node) && knownIn(node, 1) !== null && knownIn(node, 2) !== null,
});
