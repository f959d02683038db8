/** How much work a node is, and whether kernels can take it. */
import { type Node, dtypeOf, isTensorType, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, bytesOf } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { MAX_RANK } from './moving.js';

/** Items per call of a kernel whose items take `work` element steps each. */
export const grainFor = (work: Dim): Dim => D.max(1, D.floorDiv(16384, D.max(1, work)));

/** Cost of `flops` per element of input 0; all inputs and outputs are moved once. */
export function elementCost(node: Node, flops: Dim): { flops: Dim; bytes: Dim } {
  const bytes = [...node.inputs, ...node.outputs].reduce<Dim>((sum, v) => {
    if (!v || !isTensorType(v.fact.type) || dtypeOf(v) === 'string') return sum;
    return D.add(sum, D.mul(bytesOf(dtypeOf(v)), product(shapeOf(v))));
  }, 0);
  return { flops: D.mul(flops, product(shapeOf(node.inputs[0]!))), bytes };
}

/** All inputs have the dtype and ranks that native operands can have. */
export const nativeAs = (node: Node, dtype: DType): boolean =>
  node.inputs.every((v) => !v || (dtypeOf(v) === dtype && shapeOf(v).length <= MAX_RANK));

/** All inputs are numbers, of ranks that native operands can have. */
export const ranksFit = (node: Node): boolean =>
  node.inputs.every((v) => !v || (dtypeOf(v) !== 'string' && shapeOf(v).length <= MAX_RANK));
