/**
 * Runs of element-wise nodes of one shape become one Chain: one pass over memory instead of one each.
 * A node joins the chain of its users when it has no others, so nothing is computed twice.
 */
import { apply } from '../ir/build.js';
import {
  type Node,
  type Value,
  dtypeOf,
  isTensorType,
  shapeOf,
  topological,
  usersOf,
} from '../ir/graph.js';
import type { Pass } from '../ir/pass.js';
import { mapGraph } from '../ir/rewrite.js';
import type { Domain } from '../ir/stages.js';
import { Chain } from '../ops/chain.js';
import { MAX_CHAIN_INPUTS, MAX_CHAIN_STAGES, domainOfNode } from '../ops/chain-step.js';
import { runsIn } from '../ops/elementwise.js';
import type { DType } from '../tensor/dtype.js';
import { sameShape } from '../tensor/shape.js';
import { stagesOf } from './stages.js';

interface Group {
  readonly domain: Domain;
  /** users before producers; the first one's output is the result */
  readonly nodes: Node[];
}

/** Types of inner values: those that arithmetic in a domain holds without wrapping or rounding that shows. */
const INNER: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16', 'int64', 'bool'];

const domainIn = (node: Node): Domain | null => {
  const types = [...node.inputs, ...node.outputs];
  if (!types.every((v) => v && isTensorType(v.fact.type)) || node.outputs.length > 1) return null;
  const domain = domainOfNode(node);
  return runsIn(node, domain) ? domain : null;
};

export const fuseChains: Pass = {
  name: 'fuse-chains',
  rules: ['chain'],
  run(graph, ctx) {
    const order = topological(graph.outputs);
    const users = usersOf(order);
    const outputs = new Set(graph.outputs);
    const groups = new Map<Node, Group>();
    for (const node of [...order].reverse()) {
      const domain = domainIn(node);
      if (!domain) continue;
      const group = joined(
        node,
        outputs.has(node.outputs[0]!) ? [] : (users.get(node.outputs[0]!) ?? []),
        groups,
      );
      if (group) group.nodes.push(node);
      groups.set(node, group ?? { domain, nodes: [node] });
    }
    const now = new Map<Node, Node>();
    return mapGraph(graph, (node, was) => {
      now.set(was, node);
      const group = groups.get(was);
      if (!group || group.nodes[0] !== was || group.nodes.length < 2) return null;
      return ctx.allow('chain', was)
        ? [chain(group.nodes.map((n) => now.get(n)!).reverse())]
        : null;
    });
  },
};

/** The chain of all users of the node, if it can take the node. */
function joined(node: Node, users: readonly Node[], groups: Map<Node, Group>): Group | null {
  const group = users[0] && groups.get(users[0]);
  if (!group || users.some((u) => groups.get(u) !== group)) return null;
  const [v, result] = [node.outputs[0]!, group.nodes[0]!.outputs[0]!];
  if (!sameShape(shapeOf(v), shapeOf(result)) || !INNER.includes(dtypeOf(v))) return null;
  if (!runsIn(node, group.domain) || group.nodes.length >= MAX_CHAIN_STAGES) return null;
  const inputs = stagesOf([...group.nodes, node].reverse(), []).operands.length;
  return inputs <= MAX_CHAIN_INPUTS ? group : null;
}

function chain(nodes: readonly Node[]): Value {
  const { stages, operands } = stagesOf(nodes, []);
  return apply(Chain, { stages }, operands, {
    origin: [...new Set(nodes.flatMap((n) => n.origin))],
    names: [nodes.at(-1)!.outputs[0]!.name],
  });
}
