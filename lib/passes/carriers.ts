/** Ops whose attributes hold element-wise stages that run on their product. */
import type { Node } from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import type { GraphStage } from '../ir/stages.js';
import { Conv } from '../ops/conv.js';
import { ConvInteger } from '../ops/conv-integer.js';
import { ConvTranspose } from '../ops/conv-transpose.js';
import { OWN } from '../ops/integer-product.js';
import { MatMul } from '../ops/mat-mul.js';
import { MatMulInteger } from '../ops/mat-mul-integer.js';

export interface Carrier {
  /** number of the op's own inputs; operands of the stages follow */
  readonly inputs: number;
  /** sums are int32, which a first stage makes float32; results may be of any type */
  readonly integers: boolean;
  stages(node: Node): readonly GraphStage[];
  withStages(node: Node, stages: readonly GraphStage[]): unknown;
}

interface Staged {
  readonly stages: readonly GraphStage[];
}

const carrier = <A extends Staged>(
  op: OpDef<A>,
  inputs: number,
  integers = false,
): [OpDef, Carrier] => [
  op,
  {
    inputs,
    integers,
    stages: (node) => (node.attrs as A).stages,
    withStages: (node, stages) => ({ ...(node.attrs as A), stages }),
  },
];

export const CARRIERS: ReadonlyMap<OpDef, Carrier> = new Map([
  carrier(MatMul, 2),
  carrier(Conv, 3),
  carrier(ConvTranspose, 3),
  carrier(MatMulInteger, OWN, true),
  carrier(ConvInteger, OWN, true),
]);
