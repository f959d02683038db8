/** The nodes that some outputs need, in an order in which each comes after what it uses. */
import { raise } from '../errors.js';
import { bodiesOf, nameOf } from './operators.js';
import type { GraphProto, NodeProto } from './messages.js';

const free = new WeakMap<GraphProto, readonly string[]>();

/** Outer names that a body uses. */
function freeNames(graph: GraphProto): readonly string[] {
  const known = free.get(graph);
  if (known) return known;
  const own = new Set<string>(graph.input.map((i) => i.name));
  for (const t of graph.initializer) own.add(t.name);
  for (const s of graph.sparse_initializer) if (s.values) own.add(s.values.name);
  for (const node of graph.node) for (const name of node.output) own.add(name);
  const used = new Set([...graph.node.flatMap(usedNames), ...graph.output.map((o) => o.name)]);
  const names = [...used].filter((name) => !own.has(name));
  free.set(graph, names);
  return names;
}

/** Names that a node uses, itself or in its bodies. */
const usedNames = (node: NodeProto): string[] => [
  ...node.input.filter((name) => name !== ''),
  ...bodiesOf(node).flatMap(freeNames),
];

/**
 * Indices of the nodes that `outputs` need. Raises HAIO_E_GRAPH for names that two nodes define, for
 * cycles, and for names that neither a node nor `defined` knows.
 */
export function orderOf(
  nodes: readonly NodeProto[],
  outputs: readonly string[],
  defined: (name: string) => boolean,
  own: (name: string) => boolean,
): number[] {
  const label = (i: number): string => `'${nameOf(nodes[i]!, i)}' (${nodes[i]!.op_type})`;
  const maker = new Map<string, number>();
  nodes.forEach((node, i) => {
    for (const name of node.output) {
      if (name === '') continue;
      const other = maker.get(name);
      if (other !== undefined || own(name))
        raise('HAIO_E_GRAPH', {
          reason: `'${name}' is an output of node ${label(i)} and also ${
            other === undefined ? 'an input or initializer' : `of node ${label(other)}`
          }`,
        });
      maker.set(name, i);
    }
  });
  const order: number[] = [];
  const state = new Uint8Array(nodes.length); // 1: on the stack, 2: done
  const stack: { index: number; names: readonly string[]; next: number }[] = [
    { index: -1, names: outputs, next: 0 },
  ];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const name = top.names[top.next++];
    if (name === undefined) {
      stack.pop();
      if (top.index < 0) continue;
      state[top.index] = 2;
      order.push(top.index);
      continue;
    }
    const index = maker.get(name);
    if (index === undefined) {
      if (defined(name)) continue;
      const who = top.index < 0 ? 'the graph lists the output' : `node ${label(top.index)} uses`;
      raise('HAIO_E_GRAPH', { reason: `${who} '${name}', which nothing defines` });
    }
    if (state[index] === 2) continue;
    if (state[index] === 1) {
      const from = stack.findIndex((f) => f.index === index);
      const loop = [...stack.slice(from).map((f) => label(f.index)), label(index)];
      raise('HAIO_E_GRAPH', { reason: `the nodes ${loop.slice(0, 9).join(' ← ')} form a cycle` });
    }
    state[index] = 1;
    stack.push({ index, names: usedNames(nodes[index]!), next: 0 });
  }
  return order;
}
