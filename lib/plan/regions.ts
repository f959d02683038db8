/**
 * Cuts a graph into an alternation of native regions and host regions with few cuts. A host node is
 * one without a kernel, or one that makes a size only its result can tell.
 */
import { raise } from '../errors.js';
import { type Graph, type Node, type Value, isTensorType, topological } from '../ir/graph.js';
import { mapBodies } from '../ir/bodies.js';
import { mapGraph } from '../ir/rewrite.js';
import { MAX_RANK } from '../ops/moving.js';
import type { DimSymbol } from '../tensor/dim.js';
import { bodyNodes, neededNodes, symbolsOfFacts } from './needed.js';

export interface Cut {
  readonly native: boolean;
  readonly nodes: readonly Node[];
}

/** The node that makes each symbol that is not known: the first one that mentions it. */
function symbolMakers(order: readonly Node[], known: ReadonlySet<DimSymbol>): Map<DimSymbol, Node> {
  const makers = new Map<DimSymbol, Node>();
  for (const n of order)
    for (const s of symbolsOfFacts(n.outputs))
      if (!known.has(s) && !makers.has(s)) makers.set(s, n);
  return makers;
}

const nativeType = (v: Value | null): boolean => {
  if (!v) return true;
  const { type } = v.fact;
  return isTensorType(type) && type.dtype !== 'string' && type.shape.length <= MAX_RANK;
};

/**
 * True when the node's types and attributes have kernels, and so have all nodes of its bodies, which
 * must make no size: they may mention `sizes` and those of the node's inputs only.
 */
function hasKernel(node: Node, sizes: ReadonlySet<DimSymbol>): boolean {
  if (!node.op.lower || !node.inputs.every(nativeType) || !node.outputs.every(nativeType))
    return false;
  const bodies = node.op.bodies?.(node.attrs) ?? [];
  const known = bodies.length > 0 ? union(sizes, symbolsOfFacts(node.inputs)) : sizes;
  const fits = (v: Value | null): boolean =>
    nativeType(v) && [...symbolsOfFacts([v])].every((s) => known.has(s));
  return (
    bodies.every(
      (g) =>
        [...g.inputs, ...g.outputs].every(fits) &&
        bodyNodes(g).every((n) => hasKernel(n, known) && n.outputs.every(fits)),
    ) &&
    (node.op.lowers?.(node) ?? true)
  );
}
const union = <T>(a: Iterable<T>, b: Iterable<T>): Set<T> => new Set([...a, ...b]);

/** The graph with composite nodes that have no kernel replaced by the nodes they stand for. */
export function expandComposites(graph: Graph, outer: ReadonlySet<DimSymbol> = new Set()): Graph {
  const sizes = union(outer, symbolsOfFacts(graph.inputs));
  graph = mapBodies(graph, (body) => expandComposites(body, sizes));
  for (let depth = 0; depth < 64; depth++) {
    const next = mapGraph(graph, (n) =>
      hasKernel(n, sizes) ? null : (n.op.decompose?.(n) ?? null),
    );
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

/**
 * @param forced nodes that have to be host nodes whatever kernels they have
 * @param sizes those that are known before the graph runs
 */
export function cutRegions(
  graph: Graph,
  forced: ReadonlySet<Node>,
  sizes: ReadonlySet<DimSymbol>,
): Cut[] {
  const order = topological(graph.outputs);
  const makers = symbolMakers(order, sizes);
  const before = neededNodes(graph, order, makers);
  const nodes = [...before.keys()];
  const host = new Set([...makers.values(), ...forced]);
  const native = new Set(nodes.filter((n) => !host.has(n) && hasKernel(n, sizes)));
  const isNative = (n: Node): boolean => native.has(n);
  const [a, b] = [true, false].map((first) => alternate(nodes, isNative, before, first));
  return a!.length <= b!.length ? a! : b!;
}
