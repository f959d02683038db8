/** Which nodes of a graph must run. */
import { type Graph, type Node, type Value, isTensorType, topological } from '../ir/graph.js';
import { type DimSymbol, symbolsOf } from '../tensor/dim.js';

/** The elements of a value whose fact gives them all as expressions; a run fills it from sizes. */
export const hasKnownElements = (v: Value): boolean =>
  v.weight !== undefined || v.fact.value !== undefined;

export function symbolsOfFacts(values: Iterable<Value | null>): Set<DimSymbol> {
  const into = new Set<DimSymbol>();
  for (const v of values) {
    if (!v) continue;
    const { type, value } = v.fact;
    if (isTensorType(type)) for (const d of type.shape) symbolsOf(d, into);
    for (const d of value ?? []) symbolsOf(d, into);
  }
  return into;
}

/**
 * Nodes that must run, in topological order, each with those that it needs: the makers of its inputs
 * and of its sizes. What only leads to known elements is left out.
 */
export function neededNodes(
  graph: Graph,
  order: readonly Node[] = topological(graph.outputs),
  makers: ReadonlyMap<DimSymbol, Node> = new Map(),
): Map<Node, ReadonlySet<Node>> {
  const sources = (values: readonly (Value | null)[]): Set<Node> => {
    const nodes = new Set<Node>();
    for (const v of values) if (v?.node && !hasKnownElements(v)) nodes.add(v.node);
    for (const s of symbolsOfFacts(values)) {
      const maker = makers.get(s);
      if (maker) nodes.add(maker);
    }
    return nodes;
  };
  const needed = sources(graph.outputs);
  const before = new Map<Node, Set<Node>>();
  for (const n of [...order].reverse()) {
    if (!needed.has(n)) continue;
    const list = sources([...n.inputs, ...n.outputs]);
    for (const v of n.outputs) if (v.node) list.delete(v.node);
    for (const m of list) needed.add(m);
    before.set(n, list);
  }
  return new Map([...before].reverse());
}

/** Nodes that must run for a body that makes no sizes, in topological order. */
export const bodyNodes = (body: Graph): Node[] => [...neededNodes(body).keys()];
