/** Ops whose attributes hold element-wise stages that run on their product. */
import type { Node } from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import type { GraphStage } from '../ir/stages.js';
import { Conv } from '../ops/conv.js';
import { ConvTranspose } from '../ops/conv-transpose.js';
import { MatMul } from '../ops/mat-mul.js';

export interface Carrier {
  /** number of the op's own inputs; operands of the stages follow */
  readonly inputs: number;
  stages(node: Node): readonly GraphStage[];
  withStages(node: Node, stages: readonly GraphStage[]): unknown;
}

interface Staged {
  readonly stages: readonly GraphStage[];
}

const carrier = <A extends Staged>(op: OpDef<A>, inputs: number): [OpDef, Carrier] => [
  op,
  {
    inputs,
    stages: (node) => (node.attrs as A).stages,
    withStages: (node, stages) => ({ ...(node.attrs as A), stages }),
  },
];

export const CARRIERS: ReadonlyMap<OpDef, Carrier> = new Map([
  carrier(MatMul, 2),
  carrier(Conv, 3),
  carrier(ConvTranspose, 3),
]);
