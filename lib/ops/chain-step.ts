/** Chain steps: element-wise stages over blocks (native/ops/chain.cpp), and the domains they run in. */
import { raise } from '../errors.js';
import { type Node, dtypeOf, shapeOf } from '../ir/graph.js';
import { type Domain, type GraphStage, lowerStages } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, isFloat, kindOf } from '../tensor/dtype.js';
import { isPacked } from '../tensor/packing.js';
import { broadcastStrides, product, sameShape } from '../tensor/shape.js';
import { MAX_RANK } from './moving.js';
import { withoutConversions } from './narrow.js';

/** Elements per block and per item, and limits of chain.cpp. */
const BLOCK = 256;
const SHARE = 4096;
export const MAX_CHAIN_INPUTS = 64;
export const MAX_CHAIN_STAGES = 64;

/** Where arithmetic between these types runs: f64 if any is float64, f32 if any is float, else i64. */
export const domainOfTypes = (dtypes: readonly DType[]): Domain =>
  dtypes.includes('float64') ? 'f64' : dtypes.some(isFloat) ? 'f32' : 'i64';

/** Types of a node's inputs and outputs. */
export const dtypesOf = (node: Node): DType[] =>
  [...node.inputs, ...node.outputs].flatMap((v) => (v ? [dtypeOf(v)] : []));

/** Where an element-wise node runs when it is a step of its own. */
export const domainOfNode = (node: Node): Domain => domainOfTypes(dtypesOf(node));

const NO_NUMBERS: readonly string[] = ['string', 'minifloat'];

/**
 * Operands of a chain step can be these: numbers, of ranks that the kernels take. Integers of fewer
 * than 8 bits are read as bytes; none is written, as nothing would cut its upper bits.
 */
export const chainable = (node: Node): boolean =>
  [...node.inputs, ...node.outputs].every(
    (v) => !v || (!NO_NUMBERS.includes(kindOf(dtypeOf(v))) && shapeOf(v).length <= MAX_RANK),
  ) && node.outputs.every((v) => !isPacked(dtypeOf(v)));

/** Bytes per worker of a chain step. */
export const chainScratch = (inputs: number, stages: number, domain: Domain): number =>
  (inputs + stages) * BLOCK * (domain === 'f32' ? 4 : 8) + BLOCK * 8;

/** Parts of a chain step's parallel loop over `elements`, and how many are worth a thread. */
export const chainItems = (elements: Dim, stages: number): { items: Dim; grain: number } => ({
  items: D.ceilDiv(elements, SHARE),
  grain: Math.ceil(8 / (stages + 1)),
});

/** The operand seen in the shape that it is broadcast to. */
export const broadcastOperand = (o: Operand, shape: readonly Dim[]): Operand => ({
  ...o,
  shape,
  strides: broadcastStrides(o.shape, o.strides, shape),
});

/**
 * Emits the one step that runs `stages` in `domain` over `inputs`, each broadcast to the output's
 * shape; slots 0…n−1 are the inputs. Loaders and the storer convert types, so a last Cast costs
 * nothing. Every stage must have a kernel in the domain.
 */
export function lowerChain(
  l: Lowering,
  stages: readonly GraphStage[],
  inputs: readonly Operand[],
  output: Operand,
  domain: Domain,
): void {
  const types = inputs.map((o) => o.dtype);
  const direct = domain === 'f32' ? withoutConversions(stages, types) : stages;
  const needed = direct.length > 0 || inputs.length === 1 ? direct : stages;
  const lowered = lowerStages(needed, domain);
  if (!lowered)
    return raise('HAIO_E_INTERNAL', {
      reason: `no kernels for the stages ${stages.map((s) => s.op.name).join()}`,
    });
  const last = lowered[lowered.length - 1];
  const before = inputs.length + lowered.length - 2;
  const alone = lowered.length > 1 || inputs.length === 1;
  if (last?.kernel === `cast.${domain}` && last.args[0] === before && alone) lowered.pop();
  l.emit({
    kernel: `chain.${domain}`,
    params: {},
    inputs: inputs.map((o) => broadcastOperand(o, output.shape)),
    outputs: [output],
    scratch: chainScratch(inputs.length, lowered.length, domain),
    ...chainItems(product(output.shape), lowered.length),
    stages: lowered,
    inplace: inputs.flatMap((o, i) =>
      o.dtype === output.dtype && sameShape(o.shape, output.shape) ? [i] : [],
    ),
  });
}
