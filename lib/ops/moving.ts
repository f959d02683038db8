/** Shared by ops that only move elements: plain copies in TypeScript, and the strided copy step. */
import { type Node, shapeOf, dtypeOf } from '../ir/graph.js';
import type { Lowering, Operand, StepSpec } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import { bytesOf, newArray } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { type Tensor, sizeOf, toNumbers } from '../tensor/tensor.js';

/** Rank that native operands have at most (kMaxRank of native/kernel.h). */
export const MAX_RANK = 8;

/** Elements that can be assigned, whatever the dtype: only moved, never computed with. */
export type Elements = unknown[];

/** Room for `count` elements of t's dtype (zeros, or empty strings). */
export const room = (t: Tensor, count: number): Elements =>
  t.dtype === 'string'
    ? new Array<string>(count).fill('')
    : (newArray(t.dtype, count) as unknown as Elements);

/** A tensor of t's dtype around what `room` gave. */
export const filled = (t: Tensor, shape: readonly number[], data: Elements): Tensor => ({
  dtype: t.dtype,
  shape,
  data: data as unknown as Tensor['data'],
});

/** Calls `visit(offset)` for each element of `shape` in row-major order; strides may be negative. */
export function walk(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  visit: (at: number, i: number) => void,
): void {
  const count = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0, at = offset; i < count; i++) {
    visit(at, i);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** The elements of t at `offset` + Σ index·strides as a dense tensor of `shape`. */
export function strided(
  t: Tensor,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Tensor {
  const data = room(t, sizeOf(shape));
  walk(shape, strides, offset, (at, i) => (data[i] = t.data[at]));
  return filled(t, shape, data);
}

/** Elements of a small integer tensor. */
export const intsOf = (t: Tensor | null | undefined): number[] => (t ? [...toNumbers(t)] : []);

/** 'b4' and the like: moving kernels are named by element width. */
export const widthOf = (operand: Operand): string => `b${bytesOf(operand.dtype)}`;

/** Kernels exist: numeric elements, ranks that an operand can have. */
export const movable = (node: Node): boolean =>
  [...node.inputs, ...node.outputs].every(
    (v) => !v || (dtypeOf(v) !== 'string' && shapeOf(v).length <= MAX_RANK),
  );

/** Parts that a copying step of so many bytes is cut into; none when it is empty. */
export const partsOf = (shape: readonly D.Dim[], bytes: number): D.Dim =>
  D.ceilDiv(D.mul(product(shape), bytes), 32768);

/**
 * The step that copies `from` to `to`: the same shape, any strides; the axes in the bit mask
 * `reversed` are read backwards (native/ops/copy.cpp).
 */
export function copyStep(from: Operand, to: Operand, reversed = 0): StepSpec {
  const parts = partsOf(to.shape, bytesOf(to.dtype));
  return {
    kernel: `copy.${widthOf(to)}`,
    params: { parts, reversed },
    inputs: [from],
    outputs: [to],
    items: parts,
    grain: 4,
  };
}

/** True where both are the same elements of the same memory. */
export const samePlace = (a: Operand, b: Operand): boolean =>
  a.buffer === b.buffer &&
  a.offset === b.offset &&
  a.shape.length === b.shape.length &&
  a.shape.every((d, i) => d === b.shape[i] && (d === 1 || a.strides[i] === b.strides[i]));

/** Copies `from` to `to` unless it lies there already. */
export function copyTo(l: Lowering, from: Operand, to: Operand): void {
  if (!samePlace(from, to)) l.emit(copyStep(from, to));
}
