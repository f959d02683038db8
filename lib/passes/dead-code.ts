/**
 * Drops trailing outputs that nobody uses, of nodes that need not make them. Nodes that nobody uses
 * need no pass: the graph is what its outputs reach.
 */
import { type Node, newNode } from '../ir/graph.js';
import type { Pass } from '../ir/pass.js';
import { countUses, mapGraph, remake } from '../ir/rewrite.js';

export const deadCode: Pass = {
  name: 'dead-code',
  rules: ['drop-output'],
  run(graph, ctx) {
    const uses = countUses(graph);
    return mapGraph(graph, (node, was) => {
      let used = was.outputs.length;
      while (used > 1 && !uses.has(was.outputs[used - 1]!)) used--;
      if (used === was.outputs.length || !isOptional(node, used) || !ctx.allow('drop-output', node))
        return null;
      const outputs = node.outputs.slice(0, used);
      const kept = newNode(node.op, node.attrs, node.inputs, outputs, node.origin);
      return [...remake(kept, node.inputs), ...node.outputs.slice(used)];
    });
  },
};

/** True where `infer` gives only the first `used` outputs when no more are wanted. */
function isOptional(node: Node, used: number): boolean {
  const facts = node.op.infer(
    node.inputs.map((v) => v?.fact ?? null),
    node.attrs,
    { wanted: new Array<boolean>(used).fill(true), pin: () => 0, fresh: () => 0 },
  );
  return facts.length === used;
}
