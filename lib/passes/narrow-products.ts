/** Products of float32 matrices, convolutions and attention multiply operands rounded to bfloat16. */
import { apply } from '../ir/build.js';
import { type Node, dtypeOf, shapeOf } from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import { rules } from '../ir/pass.js';
import { nodeRule } from '../ir/rewrite.js';
import { Attention } from '../ops/attention.js';
import { Conv } from '../ops/conv.js';
import { MatMul } from '../ops/mat-mul.js';
import type { Narrowable } from '../ops/narrow.js';
import * as D from '../tensor/dim.js';

/** Sums of fewer products, and rows of fewer columns, are left alone: they fill no step of the kernels. */
const LEAST = 8;

const isNarrow = (node: Node): boolean => (node.attrs as Narrowable).narrow !== undefined;
const isFloat32 = (node: Node): boolean =>
  node.inputs.slice(0, 2).every((v) => v && dtypeOf(v) === 'float32');

export const narrowProducts = rules('narrow-products', [
  nodeRule('narrow-matmul', [MatMul], (node) => {
    if (!isOp(node, MatMul) || isNarrow(node) || !isFloat32(node)) return null;
    const [k, n] = [shapeOf(node.inputs[0]!).at(-1)!, shapeOf(node.outputs[0]!).at(-1)!];
    if (D.typical(k) < LEAST || D.typical(n) < LEAST) return null;
    return apply(MatMul, { ...node.attrs, narrow: 'bfloat16' }, node.inputs);
  }),
  nodeRule('narrow-conv', [Conv], (node) => {
    if (!isOp(node, Conv) || isNarrow(node) || !isFloat32(node)) return null;
    const [m, perGroup] = shapeOf(node.inputs[1]!) as [D.Dim, D.Dim];
    const { group, kernel } = node.attrs;
    const columns = D.typical(m) / group;
    if (columns < LEAST || D.typical(perGroup) * kernel.reduce((a, b) => a * b, 1) < LEAST)
      return null;
    return apply(Conv, { ...node.attrs, narrow: 'bfloat16' }, node.inputs);
  }),
  nodeRule('narrow-attention', [Attention], (node) => {
    if (!isOp(node, Attention) || node.attrs.narrow || !isFloat32(node)) return null;
    const [rows, size] = shapeOf(node.inputs[0]!).slice(2) as [D.Dim, D.Dim];
    if (D.typical(rows) < LEAST || D.typical(size) < LEAST) return null;
    return apply(Attention, { ...node.attrs, narrow: 'bfloat16' }, node.inputs);
  }),
]);
