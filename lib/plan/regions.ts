/**
 * Cuts a graph into an alternation of native regions and host regions with few cuts. A host node is
 * one without a kernel, or one that makes a size only its result can tell.
 */
import { raise } from '../errors.js';
import {
  type Fact,
  type Graph,
  type Node,
  type Value,
  isTensorType,
  topological,
} from '../ir/graph.js';
import { MAX_RANK } from '../ops/moving.js';
import { type DimSymbol, symbolsOf } from '../tensor/dim.js';
import { hasKnownElements } from './lower.js';

export interface Cut {
  readonly native: boolean;
  readonly nodes: readonly Node[];
}

/** Nodes that must run, in topological order: what only leads to known elements is left out. */
export function neededNodes(outputs: readonly Value[]): Node[] {
  const needed = new Set<Node>();
  const mark = (v: Value | null): void => {
    if (v?.node && !hasKnownElements(v)) needed.add(v.node);
  };
  outputs.forEach(mark);
  const order = topological(outputs);
  for (const node of [...order].reverse()) if (needed.has(node)) node.inputs.forEach(mark);
  return order.filter((n) => needed.has(n));
}

function symbolsOfFact({ type, value }: Fact, into: Set<DimSymbol>): void {
  if (isTensorType(type)) for (const d of type.shape) symbolsOf(d, into);
  for (const d of value ?? []) symbolsOf(d, into);
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

/** Runs of nodes of one kind, each as long as the dependencies allow, the first of kind `native`. */
function alternate(
  nodes: readonly Node[],
  isNative: (n: Node) => boolean,
  after: Map<Node, ReadonlySet<Node>>,
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
      const ready = isNative(n) === native && [...after.get(n)!].every((d) => done.has(d));
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
  const nodes = neededNodes(graph.outputs);
  const known = new Set<DimSymbol>();
  for (const v of graph.inputs) symbolsOfFact(v.fact, known);
  // who makes a symbol that no input has
  const makers = new Map<DimSymbol, Node>();
  const after = new Map<Node, Set<Node>>();
  for (const n of nodes) {
    const used = new Set<DimSymbol>();
    for (const v of n.inputs) if (v) symbolsOfFact(v.fact, used);
    const made = new Set<DimSymbol>();
    for (const v of n.outputs) symbolsOfFact(v.fact, made);
    const before = new Set<Node>();
    for (const v of n.inputs) if (v?.node && !hasKnownElements(v)) before.add(v.node);
    for (const s of [...used, ...made]) {
      const maker = makers.get(s);
      if (maker) before.add(maker);
      else if (made.has(s) && !used.has(s) && !known.has(s)) makers.set(s, n);
    }
    before.delete(n);
    after.set(n, before);
  }
  const makes = new Set(makers.values());
  const native = new Set(nodes.filter((n) => !makes.has(n) && !forced.has(n) && hasKernel(n)));
  const isNative = (n: Node): boolean => native.has(n);
  const [a, b] = [true, false].map((first) => alternate(nodes, isNative, after, first));
  return a!.length <= b!.length ? a! : b!;
}
