/**
 * Cuts a graph into an alternation of native regions and host regions with few cuts. A host node is
 * one without a kernel, or one that makes a size only its result can tell.
 */
import { raise } from '../errors.js';
import { type Graph, type Node, type Value, isTensorType, topological } from '../ir/graph.js';
import { mapGraph } from '../ir/rewrite.js';
import { MAX_RANK } from '../ops/moving.js';
import { type DimSymbol, symbolsOf } from '../tensor/dim.js';
import { hasKnownElements } from './lower.js';

export interface Cut {
  readonly native: boolean;
  readonly nodes: readonly Node[];
}

const symbolsOfFacts = (values: readonly (Value | null)[]): Set<DimSymbol> => {
  const into = new Set<DimSymbol>();
  for (const v of values) {
    if (!v) continue;
    const { type, value } = v.fact;
    if (isTensorType(type)) for (const d of type.shape) symbolsOf(d, into);
    for (const d of value ?? []) symbolsOf(d, into);
  }
  return into;
};

/** The node that makes each symbol which no graph input has: the first one that mentions it. */
function symbolMakers(graph: Graph, order: readonly Node[]): Map<DimSymbol, Node> {
  const known = symbolsOfFacts(graph.inputs);
  const makers = new Map<DimSymbol, Node>();
  for (const n of order)
    for (const s of symbolsOfFacts(n.outputs))
      if (!known.has(s) && !makers.has(s)) makers.set(s, n);
  return makers;
}

/**
 * Nodes that must run, in topological order, each with those that it needs: the makers of its inputs
 * and of its sizes. What only leads to known elements is left out.
 */
function neededNodes(
  graph: Graph,
  order: readonly Node[],
  makers: ReadonlyMap<DimSymbol, Node>,
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

const nativeType = (v: Value | null): boolean => {
  if (!v) return true;
  const { type } = v.fact;
  return isTensorType(type) && type.dtype !== 'string' && type.shape.length <= MAX_RANK;
};

/** True when the node's types and attributes have kernels. */
const hasKernel = (node: Node): boolean =>
  node.op.lower !== undefined &&
  node.inputs.every(nativeType) &&
  node.outputs.every(nativeType) &&
  (node.op.lowers?.(node) ?? true);

/** The graph with composite nodes that have no kernel replaced by the nodes they stand for. */
export function expandComposites(graph: Graph): Graph {
  for (let depth = 0; depth < 64; depth++) {
    const next = mapGraph(graph, (n) => (hasKernel(n) ? null : (n.op.decompose?.(n) ?? null)));
    if (next === graph) return graph;
    graph = next;
  }
  return raise('HAIO_E_INTERNAL', { reason: 'composite operators stand for each other' });
}

/** Runs of nodes of one kind, each as long as the dependencies allow, the first of kind `native`. */
function alternate(
  nodes: readonly Node[],
  isNative: (n: Node) => boolean,
  before: ReadonlyMap<Node, ReadonlySet<Node>>,
  native: boolean,
): Cut[] {
  const cuts: Cut[] = [];
  const done = new Set<Node>();
  let rest = nodes;
  let idle = 0;
  while (rest.length > 0) {
    const taken: Node[] = [];
    const left: Node[] = [];
    for (const n of rest) {
      const ready = isNative(n) === native && [...before.get(n)!].every((d) => done.has(d));
      (ready ? taken : left).push(n);
      if (ready) done.add(n);
    }
    idle = taken.length > 0 ? 0 : idle + 1;
    if (taken.length > 0) cuts.push({ native, nodes: taken });
    if (idle > 1) raise('HAIO_E_INTERNAL', { reason: 'sizes depend on each other in a circle' });
    native = !native;
    rest = left;
  }
  return cuts;
}

/** @param forced nodes that have to be host nodes whatever kernels they have */
export function cutRegions(graph: Graph, forced: ReadonlySet<Node>): Cut[] {
  const order = topological(graph.outputs);
  const makers = symbolMakers(graph, order);
  const before = neededNodes(graph, order, makers);
  const nodes = [...before.keys()];
  const host = new Set([...makers.values(), ...forced]);
  const native = new Set(nodes.filter((n) => !host.has(n) && hasKernel(n)));
  const isNative = (n: Node): boolean => native.has(n);
  const [a, b] = [true, false].map((first) => alternate(nodes, isNative, before, first));
  return a!.length <= b!.length ? a! : b!;
}
