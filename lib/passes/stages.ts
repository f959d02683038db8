/** Element-wise nodes as stages of another node: shared by fold-into-gemm and fuse-chains. */
import { type Node, type Value, dtypeOf, isTensorType } from '../ir/graph.js';
import { hasTrait } from '../ir/op.js';
import { type Domain, type GraphStage, domainOf } from '../ir/stages.js';

/** The domain that a node's stage runs in, or null where the node is no element-wise one with a kernel. */
export function stageDomain(node: Node): Domain | null {
  if (!hasTrait(node.op, 'elementwise') || node.outputs.length !== 1) return null;
  const tensors = [...node.inputs, ...node.outputs].every((v) => v && isTensorType(v.fact.type));
  if (!tensors || node.inputs.length === 0 || !node.op.stage?.(node.attrs)) return null;
  return domainOf(dtypeOf(node.inputs[0]!));
}

export interface Staged {
  readonly stages: readonly GraphStage[];
  /** values that the stages read besides what the carrier provides, in the order of their slots */
  readonly operands: readonly Value[];
}

/**
 * `nodes`, in topological order, as stages. Slot 0… are the `provided` values, then come the
 * operands, then results. The last node's output is the result.
 */
export function stagesOf(nodes: readonly Node[], provided: readonly Value[]): Staged {
  const made = new Map<Value, number>(nodes.map((n, i) => [n.outputs[0]!, i]));
  const given = nodes.flatMap((n) => n.inputs as readonly Value[]);
  const operands = [...new Set(given)].filter((v) => !made.has(v) && !provided.includes(v));
  const first = [...provided, ...operands];
  const slot = (v: Value): number => {
    const stage = made.get(v);
    return stage === undefined ? first.indexOf(v) : first.length + stage;
  };
  const stages = nodes.map((n) => ({
    op: n.op,
    attrs: n.attrs,
    args: (n.inputs as readonly Value[]).map(slot),
  }));
  return { stages, operands };
}
