/**
 * Computes at compile time what depends on constants only. Views of a constant change its strides,
 * small results come from `eval`; larger ones are left to the planner, which runs the native steps of
 * constant nodes while compiling.
 */
import { apply, constant, constantTensor, literal } from '../ir/build.js';
import { evalNode } from '../ir/eval.js';
import { type Node, type Value, isTensorType } from '../ir/graph.js';
import { isImpure, isOp } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { type Rule, mapGraph, nodeRule } from '../ir/rewrite.js';
import type { Operand } from '../ir/step.js';
import { DequantizeLinear } from '../ops/dequantize-linear.js';
import { SizeVector } from '../ops/size-vector.js';
import { isSym } from '../tensor/dim.js';
import { bytesOf } from '../tensor/dtype.js';
import { isStatic } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { type Weight, weightOf } from '../tensor/weight.js';

/** Bytes of inputs and results of nodes that `eval` computes. */
const SMALL = 4 * 1024;
/** Floating-point operations that `eval` may spend on one node. */
const FLOPS = 1e7;

/** What is quantised stays so, for products of integers; where there is none, the planner dequantises. */
const folded = (node: Node): Value[] | null =>
  isImpure(node) || isOp(node, SizeVector) || isOp(node, DequantizeLinear)
    ? null
    : (fromFacts(node) ?? fromConstants(node));

export const foldConstants: Pass = {
  name: 'fold-constants',
  rules: ['fold'],
  run: (graph, ctx) =>
    mapGraph(graph, (node) => {
      const values = folded(node);
      return values && ctx.allow('fold', node) ? values : null;
    }),
};

/** The same as a rule, for lists of rules that make constant nodes. */
export const FOLD: Rule = nodeRule('fold', null, folded);

/** True for values that depend on constants only: weights, and what the planner will compute of them. */
export function isConstant(v: Value | null | undefined): boolean {
  if (!v?.node) return v?.weight !== undefined;
  const { inputs } = v.node;
  return !isImpure(v.node) && inputs.length > 0 && inputs.every((w) => !w || isConstant(w));
}

/** Integer outputs whose elements are known: constants, or placeholders of expressions over sizes. */
function fromFacts(node: Node): Value[] | null {
  if (!node.outputs.every((o) => o.fact.value)) return null;
  return node.outputs.map((o) => {
    const { type, value } = o.fact;
    if (!isTensorType(type) || !isStatic(type.shape)) return o;
    const { dtype, shape } = type;
    return value!.some(isSym)
      ? apply(SizeVector, { dtype, shape, dims: value! }, [], { names: [o.name] })
      : literal(dtype, shape, value as number[], o.name);
  });
}

function fromConstants(node: Node): Value[] | null {
  if (!node.inputs.every((v) => !v || v.weight || constantTensor(v))) return null;
  return fromView(node) ?? (worthwhile(node) ? fromEval(node) : null);
}

/** A moving op on a constant: the same bytes seen with other strides. */
function fromView(node: Node): Value[] | null {
  const weight = node.inputs[0]?.weight;
  if (!weight || weight.strings || !node.op.view) return null;
  const { dtype, shape, strides, offset } = weight;
  const buffer = { kind: 'weight', bytes: weight.bytes.length, weight } as const;
  const views = node.op.view(node, { buffer, dtype, shape, strides, offset });
  const weights = views?.map((o) => (o?.buffer === buffer ? seen(weight, o) : null));
  if (!weights || weights.length < node.outputs.length || weights.includes(null)) return null;
  return node.outputs.map((o, i) => constant(weights[i]!, o.name));
}

function seen(weight: Weight, { shape, strides, offset, dtype }: Operand): Weight | null {
  if (!isStatic(shape) || !isStatic(strides) || typeof offset !== 'number') return null;
  return dtype === weight.dtype ? { ...weight, shape, strides, offset } : null;
}

function worthwhile(node: Node): boolean {
  const flops = node.op.cost?.(node).flops ?? 0;
  if (typeof flops !== 'number' || flops > FLOPS) return false;
  const bytes = (v: Value | null): number => {
    if (!v || !isTensorType(v.fact.type)) return 0;
    const { dtype, shape } = v.fact.type;
    // a size that `infer` had to invent is no larger than what it is made from
    return isStatic(shape) ? sizeOf(shape) * Math.max(1, bytesOf(dtype)) : 0;
  };
  return [...node.inputs, ...node.outputs].every((v) => bytes(v) <= SMALL);
}

function fromEval(node: Node): Value[] | null {
  if (!node.op.eval && !node.op.decompose) return null;
  const results = evalNode(
    node,
    node.inputs.map((v) => v && constantTensor(v)),
  );
  if (!node.outputs.every((o, i) => results[i] && isTensorType(o.fact.type))) return null;
  return node.outputs.map((o, i) => constant(weightOf(results[i]!), o.name));
}
