/** Quantised integers: parameters laid along an axis, exact integer products. */
import { apply, constantTensor } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import { limitsOf } from '../tensor/dtype.js';
import { formatShape } from '../tensor/shape.js';
import { toNumbers } from '../tensor/tensor.js';
import { Expand } from './expand.js';
import { cast, minus, plus } from './formula.js';
import { fromStart, pinned } from './facts.js';
import { Reshape, reshaped } from './reshape.js';
import { int64s } from './sizes.js';
import { Slice } from './slice.js';
import { Unsqueeze } from './unsqueeze.js';

/** Each element along `axis` `size` times, as many as x has in all. */
function inBlocks(x: Value, parameter: Value, axis: number, size: number): Value {
  const [rank, before] = [shapeOf(x).length, shapeOf(parameter)];
  const count = pinned(shapeOf(x)[axis]!);
  const blocks = Math.ceil(count / size);
  if (size < 1 || before.length !== rank || before[axis] !== blocks)
    shapeError(
      `blocks of ${size} do not fit ${formatShape(shapeOf(x))} and ${formatShape(before)}`,
    );
  const spread = apply(Expand, {}, [
    apply(Unsqueeze, { axes: [axis + 1] }, [parameter]),
    int64s(Array.from({ length: rank + 1 }, (_, i) => (i === axis + 1 ? size : 1))),
  ]);
  const sizes = [...before.slice(0, axis).map(() => 0), blocks * size];
  const behind = before.slice(axis + 1).map(pinned);
  const whole = apply(Reshape, { allowzero: false }, [spread, int64s([...sizes, ...behind])]);
  return part(whole, axis, 0, count, blocks * size);
}

/**
 * A scale or zero point as it broadcasts to x: one element, as many as x has along the attribute
 * `axis`, or one for each block of so many along it.
 */
export function alongAxis(n: OnnxNode, x: Value, parameter: Value): Value {
  const rank = shapeOf(x).length;
  const shape = shapeOf(parameter);
  const blockSize = n.int('block_size', 0);
  if (blockSize !== 0) return inBlocks(x, parameter, fromStart(n.int('axis', 1), rank), blockSize);
  if (shape.length === 0 || rank <= 1) return parameter;
  if (shape[0] === 1) return reshaped(parameter, []);
  const axis = fromStart(n.int('axis', 1), rank);
  return reshaped(
    parameter,
    shapeOf(x).map((_, i) => (i === axis ? -1 : 1)),
  );
}

/** Integers up to here are exact in float32, and so are sums of products that stay below it. */
const EXACT = 2 ** 24;

/** An integer operand of a product without its zero point, as float32. */
export interface Centred {
  readonly value: Value;
  /** no element is greater in absolute value */
  readonly bound: number;
}

/** `zero` must broadcast to `v`. */
export function centred(v: Value, zero: Value | null | undefined): Centred {
  const [lo, hi] = limitsOf(dtypeOf(v));
  const value = cast(v, 'float32');
  if (!zero) return { value, bound: Math.max(-lo, hi) };
  const known = constantTensor(zero);
  const zeros = known ? [...toNumbers(known)] : [lo, hi];
  return {
    value: minus(value, cast(zero, 'float32')),
    bound: Math.max(...zeros.flatMap((z) => [z - lo, hi - z])),
  };
}

/** A sum of so many products of two operands is exact in float32, in any order. */
export const isExact = (a: Centred, b: Centred, count: number): boolean =>
  a.bound * b.bound * count <= EXACT;

/**
 * Σ over `length` of products of two operands as int32, exactly: cut into sums that float32 holds.
 * `product(from, to)` gives the float32 sum of a part; an element of `length` stands for `each` products.
 */
export function exactSum(
  length: number,
  a: Centred,
  b: Centred,
  each: number,
  product: (from: number, to: number) => Value,
): Value {
  const most = Math.max(1, Math.floor(EXACT / (a.bound * b.bound * each)));
  const parts = Math.max(1, Math.ceil(length / most));
  const step = Math.ceil(length / parts);
  return Array.from({ length: parts }, (_, i) =>
    cast(product(i * step, Math.min(length, (i + 1) * step)), 'int32'),
  ).reduce(plus);
}

/** Elements from…to−1 of an axis of `size` elements. */
export const part = (v: Value, axis: number, from: number, to: number, size: number): Value =>
  from === 0 && to === size
    ? v
    : apply(Slice, { axes: [axis], steps: [1] }, [v, int64s([from]), int64s([to])]);
