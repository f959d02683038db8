/** Maker of the Reduce ops: elements of some axes become one. */
import { apply } from '../ir/build.js';
import { type Value, isTensorType, shapeOf } from '../ir/graph.js';
import { type OnnxEntry, type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, shortOf } from '../tensor/dtype.js';
import { denseStrides, isStatic, product } from '../tensor/shape.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { PIECE } from './along-axis.js';
import { elementCost, grainFor, nativeAs } from './effort.js';
import { checkAxis, fromStart, numbersOf, numericAt, rankAt } from './facts.js';
import { walk } from './moving.js';
import { reordered, widened } from './views.js';

export interface ReduceAttrs {
  /** 0…rank−1, ascending */
  readonly axes: readonly number[];
  /** the axes stay, with size 1 */
  readonly keepdims: boolean;
}

export interface Reduction {
  readonly name: string;
  readonly kernel: string;
  /** of the elements of one result, in row-major order; there may be none */
  fold(x: Float64Array): number;
  /** the same on symbolic integers, where that is possible */
  dims?(x: readonly Dim[]): Dim;
  /** dtypes with a kernel */
  readonly native: readonly DType[];
  /** whether the same over results of parts of the elements is the result of all of them */
  readonly nests?: boolean;
  /** opset from which `axes` is an input */
  readonly axesInput: number;
  /** ONNX operators that are this one over all spatial axes of [N, C, ...spatial] */
  readonly pool?: string;
}

/** The output's shape; also of ArgMax and ArgMin. */
export const reducedShape = <T>(
  shape: readonly T[],
  { axes, keepdims }: ReduceAttrs,
  one: T,
): T[] => shape.flatMap((d, i) => (!axes.includes(i) ? [d] : keepdims ? [one] : []));

/** How the output is transposed when the input is (`OpDef.permute`): new attributes, output permutation. */
export function permutedAxes(
  attrs: ReduceAttrs,
  perm: readonly number[],
): { attrs: ReduceAttrs; output: readonly number[] } {
  const axes = attrs.axes.map((a) => perm[a]!).sort((a, b) => a - b);
  if (attrs.keepdims) return { attrs: { axes, keepdims: true }, output: perm };
  const kept = perm.map((_, i) => i).filter((i) => !axes.includes(i));
  const output = perm.filter((a) => !axes.includes(a)).map((a) => kept.indexOf(a));
  return { attrs: { axes, keepdims: false }, output };
}

/** Calls `visit(i, offsets)` for each result: where the elements it is made of lie in the input. */
export function eachGroup(
  shape: readonly number[],
  axes: readonly number[],
  visit: (i: number, offsets: readonly number[]) => void,
): void {
  const strides = denseStrides(shape) as number[];
  const part = (list: readonly number[], inside: boolean) =>
    list.filter((_, i) => axes.includes(i) === inside);
  const steps: number[] = [];
  walk(part(shape, true), part(strides, true), 0, (at) => steps.push(at));
  walk(part(shape, false), part(strides, false), 0, (at, i) =>
    visit(
      i,
      steps.map((s) => at + s),
    ),
  );
}

/** Input and output of equal rank, the axes of size 1 dropped, an axis of stride 1 last. */
export function reduceViews(
  x: Operand,
  out: Operand,
  { axes, keepdims }: ReduceAttrs,
): { x: Operand; y: Operand; reduced: boolean[] } {
  let y = out;
  if (!keepdims) for (const a of axes) y = widened(y, a, 1);
  let order = x.shape.map((_, i) => i).filter((i) => x.shape[i] !== 1);
  const inner = order.findIndex(
    (i) => x.strides[i] === 1 && (axes.includes(i) || y.strides[i] === 1),
  );
  if (inner >= 0) order = [...order.filter((_, k) => k !== inner), order[inner]!];
  if (order.length === 0)
    return {
      x: widened(reordered(x, []), 0, 1),
      y: widened(reordered(y, []), 0, 1),
      reduced: [false],
    };
  return {
    x: reordered(x, order),
    y: reordered(y, order),
    reduced: order.map((i) => axes.includes(i)),
  };
}

/** The axes an ONNX node reduces, or null when it is the identity. */
function axesOf(n: OnnxNode, fromInput: boolean): number[] | null {
  const rank = rankAt(n, 0);
  const given = fromInput ? numbersOf(n, n.inputs[1]) : n.has('axes') ? n.ints('axes') : null;
  if (!given || given.length === 0) {
    if (fromInput && n.int('noop_with_empty_axes', 0) !== 0) return null;
    return Array.from({ length: rank }, (_, i) => i);
  }
  return [...new Set(given.map((a) => fromStart(a, rank)))].sort((a, b) => a - b);
}

/** Import entries of a Reduce op; `build` makes its nodes. */
function reduceEntries(
  type: string,
  axesInput: number,
  build: (x: Value, attrs: ReduceAttrs) => Value,
): OnnxEntry<ReduceAttrs>[] {
  const entry = (since: number): OnnxEntry<ReduceAttrs> => ({
    type,
    since,
    build(n) {
      const x = n.inputs[0]!;
      const axes = axesOf(n, since >= axesInput);
      return [axes ? build(x, { axes, keepdims: n.int('keepdims', 1) !== 0 }) : x];
    },
  });
  return [entry(1), entry(axesInput)];
}

/** The entry of a global pool. */
const poolEntry = (
  type: string,
  build: (x: Value, attrs: ReduceAttrs) => Value,
): OnnxEntry<ReduceAttrs> => ({
  type,
  since: 1,
  build: (n) => [build(n.inputs[0]!, spatial(n.inputs[0]!))],
});

/** All axes of [N, C, ...spatial] but the first two, which keep their size 1. */
export const spatial = (x: Value): ReduceAttrs => ({
  axes: shapeOf(x)
    .map((_, i) => i)
    .slice(2),
  keepdims: true,
});

/** Known to have so few elements that another step costs more than it spares. */
const isSmall = (shape: readonly Dim[]): boolean => isStatic(shape) && sizeOf(shape) < 4096;

export function reduction(r: Reduction): OpDef<ReduceAttrs> {
  const op: OpDef<ReduceAttrs> = defineOp<ReduceAttrs>({
    name: r.name,
    infer(inputs, attrs) {
      const { dtype, shape } = numericAt(inputs, 0);
      for (const a of attrs.axes) checkAxis(a, shape.length);
      return [{ type: { dtype, shape: reducedShape<Dim>(shape, attrs, 1) } }];
    },
    eval([t], attrs) {
      const x = toNumbers(t!);
      const shape = reducedShape(t!.shape, attrs, 1);
      const y = new Float64Array(sizeOf(shape));
      eachGroup(
        t!.shape,
        attrs.axes,
        (i, at) => (y[i] = r.fold(Float64Array.from(at, (o) => x[o]!))),
      );
      // no element at all: the least or greatest truth
      if (t!.dtype === 'bool') y.forEach((v, i) => (y[i] = Number(v > 0)));
      return [fromNumbers(t!.dtype, shape, y)];
    },
    values([fact], { axes }) {
      if (!r.dims || !fact?.value?.length || !isTensorType(fact.type) || !isStatic(fact.type.shape))
        return [];
      const out: Dim[] = [];
      eachGroup(
        fact.type.shape,
        axes,
        (i, at) => (out[i] = r.dims!(at.map((o) => fact.value![o]!))),
      );
      return [out];
    },
    onnx: [
      ...reduceEntries(r.name, r.axesInput, (x, attrs) => apply(op, attrs, [x])),
      ...(r.pool ? [poolEntry(r.pool, (x, attrs) => apply(op, attrs, [x]))] : []),
    ],
    permute({ attrs }, _from, perm) {
      const moved = permutedAxes(attrs, perm);
      return { attrs: moved.attrs, inputs: [perm], outputs: [moved.output] };
    },
    cost: (node) => elementCost(node, 1),
    lowers: (node) => r.native.some((dtype) => nativeAs(node, dtype)),
    lower({ attrs }, l) {
      const { x: from, y, reduced } = reduceViews(l.in(0), l.out(), attrs);
      const x = l.rows(from);
      const step = (input: Operand, output: Operand, mask: readonly boolean[]): void => {
        const count = product(input.shape.filter((_, i) => mask[i]));
        const inner = mask.at(-1) ? 1 : PIECE;
        l.emit({
          kernel: `${r.kernel}.${shortOf(x.dtype)}`,
          params: { axes: mask.reduce((bits, is, i) => bits + (is ? 2 ** i : 0), 0) },
          inputs: [input],
          outputs: [output],
          items: D.mul(product(output.shape.slice(0, -1)), D.ceilDiv(output.shape.at(-1)!, inner)),
          grain: grainFor(D.mul(count, inner)),
        });
      };
      if (!r.nests || !reduced.every(Boolean) || x.shape.length < 2 || isSmall(x.shape))
        return step(x, y, reduced);
      // a single result would be a single item: first one for each index of the outermost axis
      const parts = l.temp(x.dtype, [x.shape[0]!]);
      const column = x.shape.slice(1).reduce((o, _, i) => widened(o, i + 1, 1), parts);
      step(x, column, [false, ...reduced.slice(1)]);
      step(parts, reordered(y, [0]), [true]);
    },
  });
  return op;
}
