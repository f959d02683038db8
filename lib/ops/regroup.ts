/** How the axes of a tensor and of its reshaped form belong together. */
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type Shape, denseStrides } from '../tensor/shape.js';
import { copyTo } from './moving.js';

/** Axes of both sides, none of size 1, that hold the same elements in the same order. */
export interface Group {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** −1 when the first product must grow, 1 when the second, 0 when both are equal, null when unknown. */
function compare(a: Dim, b: Dim): -1 | 0 | 1 | null {
  if (a === b) return 0;
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : 1;
  if (D.exactDiv(b, a) !== null) return -1;
  return D.exactDiv(a, b) !== null ? 1 : null;
}

/**
 * The finest groups, first to last, that are provably the same for all sizes; null where one cannot
 * tell (symbolic sizes that do not divide each other, empty tensors).
 */
export function groupAxes(from: Shape, to: Shape): Group[] | null {
  const axes = (s: Shape): number[] => s.map((_, i) => i).filter((i) => s[i] !== 1);
  const [left, right] = [axes(from), axes(to)];
  if ([...from, ...to].includes(0)) return null;
  const groups: Group[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    const group = { from: [left[i]!], to: [right[j]!] };
    let [a, b] = [from[left[i++]!]!, to[right[j++]!]!];
    for (;;) {
      const order = compare(a, b);
      if (order === 0) break;
      if (order === null || (order < 0 ? i >= left.length : j >= right.length)) return null;
      if (order < 0) {
        group.from.push(left[i]!);
        a = D.mul(a, from[left[i++]!]!);
      } else {
        group.to.push(right[j]!);
        b = D.mul(b, to[right[j++]!]!);
      }
    }
    groups.push(group);
  }
  return i === left.length && j === right.length ? groups : null;
}

/** `source` seen in another shape of as many elements; null where its strides do not allow it. */
export function reshapeOperand(source: Operand, shape: Shape): Operand | null {
  const dense = denseStrides(source.shape);
  if (source.shape.every((d, i) => d === 1 || source.strides[i] === dense[i]))
    return { ...source, shape, strides: denseStrides(shape) };
  const groups = groupAxes(source.shape, shape);
  if (!groups) return null;
  const strides = new Array<Dim>(shape.length).fill(0);
  for (const { from, to } of groups) {
    for (let k = 0; k + 1 < from.length; k++) {
      const inner = D.mul(source.strides[from[k + 1]!]!, source.shape[from[k + 1]!]!);
      if (source.strides[from[k]!] !== inner) return null;
    }
    let stride = source.strides[from.at(-1)!]!;
    for (const axis of [...to].reverse()) {
      strides[axis] = stride;
      stride = D.mul(stride, shape[axis]!);
    }
  }
  return { ...source, shape, strides };
}

/**
 * A reshape of x, where x = Transpose(z, perm): the order of the output's axes such that reshaping z
 * gives the output transposed so; null where groups of axes that are merged or split are torn.
 */
export function reshapedOrder(from: Shape, to: Shape, perm: readonly number[]): number[] | null {
  const groups = groupAxes(from, to);
  if (!groups) return null;
  const place = perm.map((_, z) => perm.indexOf(z)); // axis of x of each axis of z
  const wanted = place.filter((x) => from[x] !== 1);
  const sorted = [...groups].sort((a, b) => perm[a.from[0]!]! - perm[b.from[0]!]!);
  if (sorted.flatMap((g) => g.from).some((x, k) => x !== wanted[k])) return null;
  // axes of size 1 stay behind the axis that they follow
  const heads = new Map<number, number[]>([[-1, []]]);
  let last = -1;
  to.forEach((d, axis) => {
    if (d === 1) heads.get(last)!.push(axis);
    else heads.set((last = axis), []);
  });
  const order = [...heads.get(-1)!];
  for (const axis of sorted.flatMap((g) => g.to)) order.push(axis, ...heads.get(axis)!);
  return order;
}

/** The inverse permutation. */
export const inverse = (order: readonly number[]): number[] =>
  order.map((_, i) => order.indexOf(i));

/** `o` in another shape of as many elements, any strides; of a dense copy where needed. */
export const seenAs = (l: Lowering, o: Operand, shape: Shape): Operand =>
  reshapeOperand(o, shape) ?? reshapeOperand(l.dense(o), shape)!;

/** `write` gets output `o` in another shape, any strides; or a dense temporary that is copied then. */
export function writtenAs(
  l: Lowering,
  o: Operand,
  shape: Shape,
  write: (out: Operand) => void,
): void {
  const view = reshapeOperand(o, shape);
  if (view) return write(view);
  const temp = l.temp(o.dtype, o.shape);
  write(reshapeOperand(temp, shape)!);
  copyTo(l, temp, o);
}
