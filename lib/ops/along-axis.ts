/** Makers of ops that turn each line along one axis into a line of the same length. */
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxEntry, type OpDef, defineOp } from '../ir/op.js';
import { apply } from '../ir/build.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { checkAxis, floatAt, fromStart, rankAt } from './facts.js';
import { Flatten } from './flatten.js';
import { Reshape } from './reshape.js';
import { Shape } from './shape.js';
import { elementCost, grainFor, nativeAs } from './effort.js';

export interface AxisAttrs {
  /** 0…rank−1 */
  readonly axis: number;
}

/** Columns that an item works on where the last axis is not the one worked along (native/ops/lines.h). */
export const PIECE = 64;

/** Items of a kernel that works along `axis` of an operand: lines, or pieces of PIECE lines side by side. */
export function linesOf(shape: readonly Dim[], axis: number): { items: Dim; grain: Dim } {
  const last = shape.length - 1;
  const others = product(shape.filter((_, i) => i !== axis && i !== last));
  const length = shape[axis] ?? 1;
  if (axis === last) return { items: others, grain: grainFor(length) };
  return {
    items: D.mul(others, D.ceilDiv(shape[last]!, PIECE)),
    grain: grainFor(D.mul(length, PIECE)),
  };
}

/** Calls `visit` with the offset of each line's first element and the distance between elements. */
export function eachLine(
  shape: readonly number[],
  axis: number,
  visit: (start: number, stride: number, length: number) => void,
): void {
  const inner = sizeOf(shape.slice(axis + 1));
  const length = shape[axis]!;
  for (let o = 0; o < sizeOf(shape.slice(0, axis)); o++)
    for (let i = 0; i < inner; i++) visit(o * length * inner + i, inner, length);
}

/** `line(x)` for each line of t along the axis. */
export function mapLines(
  t: Tensor,
  axis: number,
  line: (x: Float64Array) => ArrayLike<number>,
): Tensor {
  const x = toNumbers(t);
  const y = new Float64Array(x.length);
  eachLine(t.shape, axis, (start, stride, length) => {
    const one = new Float64Array(length);
    for (let k = 0; k < length; k++) one[k] = x[start + k * stride]!;
    const result = line(one);
    for (let k = 0; k < length; k++) y[start + k * stride] = result[k]!;
  });
  return fromNumbers(t.dtype, t.shape, y);
}

/**
 * Before opset 13 `axis` (default 1) meant: flatten to two dimensions there, work along the second.
 * Where only one of the flattened sizes is not 1, that is the same as working along it.
 */
function flattened(op: OpDef<AxisAttrs>, x: Value, axis: number): Value {
  const shape = shapeOf(x);
  const wide = shape.map((_, i) => i).filter((i) => i >= axis && shape[i] !== 1);
  if (wide.length <= 1 && shape.length > axis) return apply(op, { axis: wide[0] ?? axis }, [x]);
  const flat = apply(op, { axis: 1 }, [apply(Flatten, { axis }, [x])]);
  return apply(Reshape, { allowzero: true }, [flat, apply(Shape, {}, [x])]);
}

const versions = (op: () => OpDef<AxisAttrs>, type: string): OnnxEntry<AxisAttrs>[] => [
  {
    type,
    since: 1,
    build: (n) => [flattened(op(), n.inputs[0]!, fromStart(n.int('axis', 1), rankAt(n, 0)))],
  },
  { type, since: 13, read: (n) => ({ axis: fromStart(n.int('axis', -1), rankAt(n, 0)) }) },
];

/** An op of that kind: y = line(x) along the axis, on floats; its f32 kernel has the parameter `axis`. */
export function alongAxis(
  name: string,
  kernel: string,
  line: (x: Float64Array) => ArrayLike<number>,
): OpDef<AxisAttrs> {
  const op: OpDef<AxisAttrs> = defineOp<AxisAttrs>({
    name,
    infer(inputs, { axis }) {
      const type = floatAt(inputs, 0);
      checkAxis(axis, type.shape.length);
      return [{ type }];
    },
    eval: ([x], { axis }) => [mapLines(x!, axis, line)],
    onnx: versions(() => op, name),
    permute({ attrs }, _from, perm) {
      return { attrs: { axis: perm[attrs.axis]! }, inputs: [perm], outputs: [perm] };
    },
    cost: (node) => elementCost(node, 12),
    lowers: (node) => nativeAs(node, 'float32'),
    lower: ({ attrs: { axis } }, l) => lowerAlong(l, `${kernel}.f32`, axis, l.rows(l.in(0))),
  });
  return op;
}

function lowerAlong(l: Lowering, kernel: string, axis: number, x: Operand): void {
  const lines = linesOf(x.shape, axis);
  l.emit({ kernel, params: { axis }, inputs: [x], outputs: [l.out()], ...lines, inplace: [0] });
}
