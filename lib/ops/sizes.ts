/** Sizes that steer a node (shapes, pads, starts …) come from an input's known elements. */
import { apply, literal } from '../ir/build.js';
import type { Fact, Node, Value } from '../ir/graph.js';
import { type InferContext, type OnnxNode, shapeError } from '../ir/op.js';
import { type Dim, isSym } from '../tensor/dim.js';
import * as D from '../tensor/dim.js';
import { type Shape, product } from '../tensor/shape.js';
import { tensorAt } from './facts.js';
import { SizeVector } from './size-vector.js';

type Facts = readonly (Fact | null)[];

/** Number of elements of the one-dimensional (or scalar) input i. */
export function countAt(inputs: Facts, i: number, ctx: InferContext): number {
  const { shape } = tensorAt(inputs, i);
  return shape.length === 0 ? 1 : ctx.pin(product(shape));
}

/**
 * Elements of the steering input i: its known ones, else null. Where only a run can tell them, an op
 * gives its output fresh sizes and so becomes a host node.
 */
export const knownAt = (inputs: Facts, i: number): readonly Dim[] | null =>
  inputs[i]?.value ?? null;

/** As knownAt, for a lowered node. */
export const knownIn = (node: Node, i: number): readonly Dim[] | null =>
  node.inputs[i]?.fact.value ?? null;

/** True where input i is absent or its elements are all known: the node can have steps. */
export const isKnown = (node: Node, i: number): boolean =>
  !node.inputs[i] || knownIn(node, i) !== null;

/** All known and none of them symbolic. */
export const allNumbers = (value: readonly Dim[] | null | undefined): value is readonly number[] =>
  value != null && !value.some(isSym);

/** Known numbers of an integer tensor fact; null where symbolic or not known. */
export function numbersAt(inputs: Facts, i: number): readonly number[] | null {
  const value = knownAt(inputs, i);
  return allNumbers(value) ? value : null;
}

/** `count` sizes that only a run can tell. */
export const freshSizes = (ctx: InferContext, count: number, hint: string): Dim[] =>
  Array.from({ length: count }, (_, i) => ctx.fresh(`${hint}${i}`));

/** A list of int64 known now: a constant, or expressions over sizes. */
export const int64s = (values: readonly Dim[]): Value =>
  allNumbers(values)
    ? literal('int64', [values.length], values)
    : apply(SizeVector, { dtype: 'int64', shape: [values.length], dims: values }, []);

/** Input i, or the older attribute `name` as a constant; null when neither is there. */
export const inputOrInts = (n: OnnxNode, i: number, name: string): Value | null =>
  n.inputs[i] ?? (n.has(name) ? int64s(n.ints(name)) : null);

/** `axes` counted from the start, in their order; HAIO_E_SHAPE when outside or repeated. */
export function axesOf(axes: readonly number[], rank: number): number[] {
  const result = axes.map((a) => (a < 0 ? a + rank : a));
  if (new Set(result).size < axes.length || result.some((a) => !(a >= 0 && a < rank)))
    shapeError(`axes [${axes.join(',')}] do not fit rank ${rank}`);
  return result;
}

/**
 * product(all) / product(some): exact where both are known to divide (common factors are taken out
 * first, so that symbolic sums divide too), else rounded down.
 */
export function quotient(all: Shape, some: Shape): Dim {
  const rest = [...all];
  const divisors: Dim[] = [];
  for (const d of some) {
    const at = isSym(d) ? rest.indexOf(d) : -1;
    if (at >= 0) rest.splice(at, 1);
    else divisors.push(d);
  }
  const [a, b] = [product(rest), product(divisors)];
  return D.exactDiv(a, b) ?? D.floorDiv(a, b);
}
