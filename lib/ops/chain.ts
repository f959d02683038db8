/** Chain: element-wise stages over broadcast inputs, block by block; slots 0…n−1 are the inputs. */
import { raise } from '../errors.js';
import { type Fact, type Node, isTensorType, shapeOf } from '../ir/graph.js';
import { type InferContext, type OpDef, defineOp } from '../ir/op.js';
import { type Domain, type GraphStage, evalStages, inferStages } from '../ir/stages.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import {
  MAX_CHAIN_INPUTS,
  MAX_CHAIN_STAGES,
  chainable,
  domainOfTypes,
  lowerChain,
} from './chain-step.js';
import { elementCost } from './effort.js';
import type { ElementOp } from './elementwise.js';

export interface ChainAttrs {
  readonly stages: readonly GraphStage[];
}

/** Element-wise ops ask for nothing while inferring. */
const quiet: InferContext = {
  wanted: [true],
  pin: () => raise('HAIO_E_INTERNAL', { reason: 'a stage pins a size' }),
  fresh: () => raise('HAIO_E_INTERNAL', { reason: 'a stage invents a size' }),
};

const factsOf = (node: Node<ChainAttrs>): Fact[] => node.inputs.map((v) => v!.fact);

/** The domain of the whole chain, whatever types lie between its stages. */
function domainOfChain(node: Node<ChainAttrs>): Domain {
  const slots = inferStages(node.attrs.stages, factsOf(node), quiet);
  return domainOfTypes(slots.flatMap((f) => (isTensorType(f.type) ? [f.type.dtype] : [])));
}

export const Chain: OpDef<ChainAttrs> = defineOp<ChainAttrs>({
  name: 'Chain',
  infer: (inputs, { stages }, ctx) => [inferStages(stages, inputs as readonly Fact[], ctx).at(-1)!],
  eval: (inputs, { stages }) => [
    evalStages(
      stages,
      inputs.map((t) => t!),
    ).at(-1)!,
  ],
  traits: ['elementwise'],
  cost(node) {
    const flops = node.attrs.stages.reduce(
      (sum, s) => sum + ((s.op as Partial<ElementOp<unknown>>).flops ?? 1),
      0,
    );
    const { bytes } = elementCost(node, 0);
    return { flops: D.mul(flops, product(shapeOf(node.outputs[0]!))), bytes };
  },
  lower(node, l) {
    const inputs = node.inputs.map((_, i) => l.in(i));
    lowerChain(l, node.attrs.stages, inputs, l.out(), domainOfChain(node));
  },
  lowers(node) {
    const { stages } = node.attrs;
    if (!chainable(node) || node.inputs.length > MAX_CHAIN_INPUTS) return false;
    if (stages.length > MAX_CHAIN_STAGES) return false;
    const domain = domainOfChain(node);
    return stages.every((s) => (s.op as Partial<ElementOp<unknown>>).domains?.includes(domain));
  },
});
