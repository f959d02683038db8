/** The invariants of a graph, as a table; checked after every pass. */
import type { Dim, DimSymbol } from '../tensor/dim.js';
import { format, isSym, newSymbol, symbolDim, symbolsOf } from '../tensor/dim.js';
import { formatShape } from '../tensor/shape.js';
import {
  type Fact,
  type Graph,
  type Node,
  type TensorType,
  isTensorType,
  topological,
} from './graph.js';
import type { InferContext } from './op.js';
import { describe, sameType } from './rewrite.js';

type Check = (graph: Graph, before: Graph) => string | null;

const INVARIANTS: readonly (readonly [name: string, Check])[] = [
  ['acyclic', findCycle],
  ['slots', badSlot],
  ['facts', staleFact],
  ['inputs', foreignInput],
  ['outputs', changedOutput],
];

/** The first broken invariant, or null. `before` is the graph that this one was made from. */
export function verifyGraph(graph: Graph, before: Graph = graph): string | null {
  for (const [name, check] of INVARIANTS) {
    const problem = check(graph, before);
    if (problem !== null) return `${name}: ${problem}`;
  }
  return null;
}

/** Iterative depth-first search for a node that is among its own inputs' producers. */
function findCycle(graph: Graph): string | null {
  const state = new Map<Node, 'open' | 'done'>();
  const stack = graph.outputs.flatMap((v) => (v.node ? [v.node] : []));
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    if (state.has(node)) {
      state.set(stack.pop()!, 'done');
      continue;
    }
    state.set(node, 'open');
    for (const v of node.inputs) {
      if (!v?.node) continue;
      if (state.get(v.node) === 'open') return `${describe(v.node)} needs its own output`;
      if (!state.has(v.node)) stack.push(v.node);
    }
  }
  return null;
}

/** Every output knows its node and its place. */
function badSlot(graph: Graph): string | null {
  const nodes = topological(graph.outputs);
  for (const node of nodes)
    for (const [i, v] of node.outputs.entries())
      if (v.node !== node || v.slot !== i) return `output ${i} of ${describe(node)} is not its own`;
  for (const v of [...nodes.flatMap((n) => n.inputs), ...graph.outputs])
    if (v?.node && v.node.outputs[v.slot] !== v)
      return `a value in use is not output ${v.slot} of ${describe(v.node)}`;
  return null;
}

/** Facts are what `infer` says now; sizes that it invents stand for whatever the fact says. */
function staleFact(graph: Graph): string | null {
  for (const node of topological(graph.outputs)) {
    const invented = new Set<DimSymbol>();
    const ctx: InferContext = {
      wanted: node.outputs.map(() => true),
      pin: (d) => (typeof d === 'number' ? d : 0),
      fresh(hint) {
        const symbol = newSymbol(hint);
        invented.add(symbol);
        return symbolDim(symbol);
      },
    };
    const facts = node.op.infer(
      node.inputs.map((v) => v?.fact ?? null),
      node.attrs,
      ctx,
    );
    for (const [i, v] of node.outputs.entries()) {
      const fresh = facts[i];
      if (!fresh) return `output ${i} of ${describe(node)} is not inferred`;
      if (!agrees(v.fact, fresh, invented))
        return `output ${i} of ${describe(node)} is ${formatFact(v.fact)}, inferred ${formatFact(fresh)}`;
    }
  }
  return null;
}

function agrees(fact: Fact, fresh: Fact, invented: ReadonlySet<DimSymbol>): boolean {
  if (!isTensorType(fact.type) || !isTensorType(fresh.type) || sameType(fact, fresh))
    return isTensorType(fact.type) === isTensorType(fresh.type);
  const shape = fresh.type.shape;
  return (
    fact.type.dtype === fresh.type.dtype &&
    fact.type.shape.length === shape.length &&
    fact.type.shape.every((d, i) => d === shape[i] || unknown(shape[i]!, invented))
  );
}

const unknown = (d: Dim, invented: ReadonlySet<DimSymbol>): boolean =>
  [...symbolsOf(d)].some((s) => invented.has(s));

/** Values without a node are inputs of the graph or constants. */
function foreignInput(graph: Graph): string | null {
  const inputs = new Set(graph.inputs);
  const used = topological(graph.outputs).flatMap((n) => n.inputs);
  for (const v of [...used, ...graph.outputs])
    if (v && !v.node && !v.weight && !inputs.has(v)) return `value '${v.name}' comes from nowhere`;
  return null;
}

/** A pass keeps inputs, and number, names and types of outputs. */
function changedOutput(graph: Graph, before: Graph): string | null {
  if (graph.inputs.some((v, i) => v !== before.inputs[i])) return 'the inputs changed';
  if (graph.outputs.length !== before.outputs.length) return 'the number of outputs changed';
  for (const [i, v] of graph.outputs.entries()) {
    const old = before.outputs[i]!;
    const name = graph.outputNames[i]!;
    if (name !== before.outputNames[i])
      return `output '${before.outputNames[i]!}' became '${name}'`;
    if (isTensorType(old.fact.type) && !refines(v.fact, old.fact))
      return `output '${name}' was ${formatFact(old.fact)}, became ${formatFact(v.fact)}`;
  }
  return null;
}

/** The same type, or one that knows more: a size may become a number. */
const refines = (fact: Fact, old: Fact): boolean =>
  isTensorType(fact.type) &&
  isTensorType(old.type) &&
  fact.type.dtype === old.type.dtype &&
  fact.type.shape.length === old.type.shape.length &&
  old.type.shape.every((d, i) => isSym(d) || d === (fact.type as TensorType).shape[i]);

/** 'float32[n,3]'; sequences and such by their kind. */
export function formatFact(fact: Fact): string {
  const { type } = fact;
  if (isTensorType(type)) return `${type.dtype}${formatShape(type.shape)}`;
  if ('sequence' in type) return `sequence<${formatFact({ type: type.sequence })}>`;
  if ('optional' in type) return `optional<${formatFact({ type: type.optional })}>`;
  if ('unranked' in type) return type.unranked;
  return `map<${type.map[0]},${formatFact({ type: type.map[1] })}>`;
}

/** '{2,n,-1}' */
export const formatValue = (value: readonly Dim[]): string => `{${value.map(format).join(',')}}`;
