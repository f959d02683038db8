/** Permutations of axes and how they pass through nodes. y = Transpose(x, p): y's axis i is x's axis p[i]. */
import { type Node, type Value, isTensorType, shapeOf } from '../ir/graph.js';
import { type Permuted, hasTrait, isOp } from '../ir/op.js';
import { inverse, reshapedOrder } from '../ops/regroup.js';
import { Reshape } from '../ops/reshape.js';
import type { Dim } from '../tensor/dim.js';

export type Perm = readonly number[];
export { inverse };

/** Transpose(Transpose(x, p), q) = Transpose(x, compose(p, q)). */
export const compose = (p: Perm, q: Perm): number[] => q.map((a) => p[a]!);
export const isIdentity = (p: Perm): boolean => p.every((a, i) => a === i);
export const samePerm = (p: Perm, q: Perm): boolean =>
  p.length === q.length && p.every((a, i) => a === q[i]);
export const permuted = <T>(list: readonly T[], p: Perm): T[] => p.map((a) => list[a]!);

/** True when Transpose(x, p) only moves axes of size 1: no element changes its place in memory. */
export function movesNothing(shape: readonly Dim[], p: Perm): boolean {
  const kept = p.filter((a) => shape[a] !== 1);
  return kept.every((a, i) => i === 0 || kept[i - 1]! < a);
}

/**
 * The node when its input `from` is Transpose(x, perm), or null. An input's permutation may be
 * longer than its rank: the input first gets leading axes of size 1.
 */
export function permuteInput(node: Node, from: number, perm: Perm): Permuted<unknown> | null {
  if (hasTrait(node.op, 'elementwise')) return permuteElementwise(node, perm);
  return node.op.permute?.(node, from, perm) ?? null;
}

/** The node when its output `slot` is to be Transpose(y, perm), or null. */
export function permuteOutput(node: Node, slot: number, perm: Perm): Permuted<unknown> | null {
  if (hasTrait(node.op, 'elementwise')) return permuteElementwise(node, perm);
  if (isOp(node, Reshape)) {
    const order = reshapedOrder(shapeOf(node.outputs[0]!), shapeOf(node.inputs[0]!), perm);
    return order && giving(node, 0, inverse(order), slot, perm);
  }
  for (const [from, v] of node.inputs.entries()) {
    if (!v || !isTensorType(v.fact.type) || shapeOf(v).length !== perm.length) continue;
    const moved = giving(node, from, perm, slot, perm);
    if (moved) return moved;
  }
  return null;
}

function giving(node: Node, from: number, input: Perm, slot: number, output: Perm) {
  const moved = node.op.permute?.(node, from, input);
  return moved && samePerm(moved.outputs[slot]!, output) ? moved : null;
}

function permuteElementwise(node: Node, perm: Perm): Permuted<unknown> | null {
  const out = node.outputs[0]!;
  if (node.outputs.length > 1 || shapeOf(out).length !== perm.length) return null;
  const of = (v: Value | null): Perm | null => (v && shapeOf(v).some((d) => d !== 1) ? perm : null);
  return { attrs: node.attrs, inputs: node.inputs.map(of), outputs: [perm] };
}
