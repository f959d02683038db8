/**
 * Rewriting: rules (a pattern and a result, or a function of a node) applied from inputs to outputs
 * until none fires. Graphs stay immutable; what a rewrite does not change is shared.
 */
import { raise } from '../errors.js';
import { rebuild, withOrigin } from './build.js';
import {
  type Fact,
  type Graph,
  type Node,
  type Value,
  isTensorType,
  newFact,
  newNode,
  newValue,
  topological,
} from './graph.js';
import type { OpDef } from './op.js';
import { EMPTY, type Match, type Pattern } from './pattern.js';
import { sameShape } from '../tensor/shape.js';

/** Something a rule did, or why it did not. */
export interface LogEntry {
  readonly pass: string;
  readonly rule: string;
  /** op and origin of the node */
  readonly at: string;
  /** absent where the rule fired */
  readonly reason?: string;
}

/** What a pass may ask of its driver. */
export interface PassContext {
  /** may this rewrite be done? false past the limit of rewrites; logs and counts it when true */
  allow(rule: string, node: Node): boolean;
  /** logs why a rule did not fire */
  refuse(rule: string, node: Node, reason: string): void;
}

/** What a rule may ask about the graph around a node. */
export interface Around {
  /** nodes that use the value, plus the times it is a graph output; never too low */
  uses(v: Value): number;
}

/** New values for all outputs of a node, or a reason why not, or null where the rule does not fit. */
export type Rewrite = readonly Value[] | string | null;

export interface Rule {
  readonly name: string;
  /** ops of the nodes it looks at; null: all */
  readonly roots: readonly OpDef[] | null;
  apply(node: Node, around: Around): Rewrite;
}

/** A rule as a function of a node of one of `roots`. */
export const nodeRule = (
  name: string,
  roots: readonly OpDef[] | null,
  apply: (node: Node, around: Around) => Value | Rewrite,
): Rule => ({
  name,
  roots,
  apply(node, around) {
    const r = withOrigin(node.origin, () => apply(node, around));
    return r !== null && typeof r === 'object' && 'fact' in r ? [r] : r;
  },
});

export interface RuleOptions {
  /**
   * true: fires even when values inside the match have other users, that is, stay alive. Default:
   * only when the match owns them, so that no work is done twice.
   */
  readonly shared?: boolean;
}

/**
 * A rule from a pattern: `rewrite` gets the captures and returns the new value, a reason why not,
 * or null. The new nodes stand for the origins of all nodes matched.
 */
export function rule<C>(
  name: string,
  pattern: Pattern<C>,
  rewrite: (captures: C, root: Node) => Value | string | null,
  options: RuleOptions = {},
): Rule {
  const owned = (m: Match, around: Around): boolean =>
    m.nodes
      .slice(1)
      .every((n) =>
        n.outputs.every(
          (v) => around.uses(v) <= m.nodes.filter((u) => u.inputs.includes(v)).length,
        ),
      );
  return {
    name,
    roots: pattern.roots,
    apply(node, around) {
      if (node.outputs.length > 1) return null;
      let reason: string | null = null;
      for (const m of pattern.match(node.outputs[0]!, EMPTY)) {
        if (!options.shared && !owned(m, around)) {
          reason ??= 'a value inside has other users';
          continue;
        }
        const origin = [...new Set(m.nodes.flatMap((n) => n.origin))];
        const r = withOrigin(origin, () => rewrite(m.captures as C, node));
        if (r !== null && typeof r !== 'string') return [r];
        reason ??= r;
      }
      return reason;
    },
  };
}

const sameValue = (a: Fact['value'], b: Fact['value']): boolean =>
  a === b || (a !== undefined && b !== undefined && sameShape(a, b));

export const sameType = (a: Fact, b: Fact): boolean =>
  a.type === b.type ||
  (isTensorType(a.type) &&
    isTensorType(b.type) &&
    a.type.dtype === b.type.dtype &&
    sameShape(a.type.shape, b.type.shape));

/** A copy of the node with other inputs of the same types and with `edit`ed outputs. */
function copyNode(
  node: Node,
  inputs: readonly (Value | null)[],
  edit: (old: Value) => { readonly fact: Fact; readonly name: string },
): readonly Value[] {
  const outputs: Value[] = [];
  const copy = newNode(node.op, node.attrs, inputs, outputs, node.origin);
  for (const old of node.outputs) {
    const { fact, name } = edit(old);
    outputs.push(newValue(fact, copy, old.slot, name));
  }
  return outputs;
}

/**
 * The node with other inputs: facts are kept where the inputs' types and known values are the same
 * (so sizes that `infer` invented keep their symbols), else inferred again.
 */
export function remake(node: Node, inputs: readonly (Value | null)[]): readonly Value[] {
  const same = node.inputs.every((old, i) => {
    const v = inputs[i] ?? null;
    if (old === v) return true;
    return old && v && sameType(old.fact, v.fact) && sameValue(old.fact.value, v.fact.value);
  });
  return same ? copyNode(node, inputs, (o) => o) : rebuild(node, inputs);
}

/** The fresh value under the name, and with the known elements, of the value it replaces. */
function inherit(v: Value, old: Value): Value {
  const value = v.fact.value ?? old.fact.value;
  const name = v.name || old.name;
  if (!v.node || v.node.outputs.length > 1 || (value === v.fact.value && name === v.name)) return v;
  const fact = newFact(v.fact.type, value);
  return copyNode(v.node, v.node.inputs, () => ({ fact, name }))[0]!;
}

/**
 * Rebuilds a graph from inputs to outputs. `fn` sees each node with its inputs already mapped, and
 * the node it was; it returns new outputs, or null to keep the node. Graph inputs stay as they are.
 */
export function mapGraph(
  graph: Graph,
  fn: (node: Node, was: Node) => readonly Value[] | null,
  order: readonly Node[] = topological(graph.outputs),
): Graph {
  const map = new Map<Value, Value>();
  const get = (v: Value): Value => map.get(v) ?? v;
  for (const node of order) {
    const moved = node.inputs.some((v) => v && map.has(v));
    const inputs = moved ? node.inputs.map((v) => v && get(v)) : node.inputs;
    const current = moved ? remake(node, inputs)[0]!.node! : node;
    const outputs = fn(current, node) ?? current.outputs;
    node.outputs.forEach((o, i) => {
      if (outputs[i] !== o) map.set(o, outputs[i]!);
    });
  }
  return map.size === 0 ? graph : { ...graph, outputs: graph.outputs.map(get) };
}

/** Number of using nodes of each value, plus the times it is a graph output. */
export function countUses(
  graph: Graph,
  order: readonly Node[] = topological(graph.outputs),
): Map<Value, number> {
  const uses = new Map<Value, number>();
  const add = (v: Value | null): void => {
    if (v) uses.set(v, (uses.get(v) ?? 0) + 1);
  };
  graph.outputs.forEach(add);
  for (const node of order) new Set(node.inputs).forEach(add);
  return uses;
}

export const describe = (node: Node): string =>
  node.origin.length > 0 ? `${node.op.name} '${node.origin[0]!}'` : node.op.name;

function indexRules(rules: readonly Rule[]): (op: OpDef) => readonly Rule[] {
  const index = new Map<OpDef, readonly Rule[]>();
  return (op) => {
    let list = index.get(op);
    if (!list) {
      list = rules.filter((r) => r.roots === null || r.roots.includes(op));
      index.set(op, list);
    }
    return list;
  };
}

/** How often each node of a graph may be rewritten before rules are taken to run in a circle. */
const CIRCLE = 100;

/**
 * Applies `rules` to every node, inputs before users, until none fires. A replacement must have the
 * dtype and shape of what it replaces, else it is refused. Raises HAIO_E_GRAPH when rules do not end.
 */
export function rewriteGraph(graph: Graph, rules: readonly Rule[], ctx: PassContext): Graph {
  const rulesOf = indexRules(rules);
  let left: number | null = null;
  let current = graph;
  // nodes that no rule fits; as fewer uses of a value may change that, the last sweep sees all
  let settled = new Set<Node>();
  let whole = true;
  for (;;) {
    const order = topological(current.outputs);
    left ??= CIRCLE * (order.length + 1);
    const next = sweep(current, order, settled, rulesOf, ctx, (name) => {
      if (--left! < 0) raise('HAIO_E_GRAPH', { reason: `rules do not end; last one: ${name}` });
    });
    if (next === current && whole) return current;
    whole = next === current;
    if (whole) settled = new Set();
    current = next;
  }
}

/** Counts of uses while a sweep changes the graph: they may get too high, never too low. */
class Uses implements Around {
  readonly #counts: Map<Value, number>;
  constructor(graph: Graph, order: readonly Node[]) {
    this.#counts = countUses(graph, order);
  }
  uses(v: Value): number {
    return this.#counts.get(v) ?? 1;
  }
  /** is it a value of the graph, not one that a rule just made? */
  has(v: Value): boolean {
    return this.#counts.has(v);
  }
  /** `v` now stands where `old` stood. */
  move(old: Value, v: Value): void {
    if (v !== old) this.#counts.set(v, (this.#counts.get(v) ?? 0) + this.uses(old));
  }
  /** Counts what the new nodes under `outputs` use. */
  adopt(outputs: readonly Value[]): void {
    const fresh = new Set<Node>();
    const stack = [...outputs];
    while (stack.length > 0) {
      const node = stack.pop()!.node;
      if (!node || fresh.has(node) || node.outputs.some((o) => this.has(o))) continue;
      fresh.add(node);
      for (const v of node.inputs) if (v) stack.push(v);
    }
    for (const node of fresh)
      for (const v of new Set(node.inputs))
        if (v) this.#counts.set(v, (this.#counts.get(v) ?? 0) + 1);
  }
}

/** One way through the graph; returns the same graph when no rule fired. */
function sweep(
  graph: Graph,
  order: readonly Node[],
  settled: Set<Node>,
  rulesOf: (op: OpDef) => readonly Rule[],
  ctx: PassContext,
  fired: (rule: string) => void,
): Graph {
  const uses = new Uses(graph, order);

  const step = (node: Node): readonly Value[] | null => {
    for (const r of rulesOf(node.op)) {
      const result = r.apply(node, uses);
      if (result === null) continue;
      const problem =
        typeof result === 'string'
          ? result
          : node.outputs.every((o, i) => sameType(o.fact, result[i]!.fact))
            ? null
            : 'the replacement has another type';
      if (problem !== null) ctx.refuse(r.name, node, problem);
      if (problem !== null || typeof result === 'string' || !ctx.allow(r.name, node)) continue;
      fired(r.name);
      uses.adopt(result);
      const fresh = result.length === 1 && result[0]!.node && !settled.has(result[0]!.node);
      const outputs = fresh ? [inherit(result[0]!, node.outputs[0]!)] : result;
      node.outputs.forEach((o, i) => uses.move(o, outputs[i]!));
      return outputs;
    }
    return null;
  };

  const visit = (start: Node, was: Node): readonly Value[] | null => {
    was.outputs.forEach((o, i) => uses.move(o, start.outputs[i]!));
    let outputs = start.outputs;
    for (;;) {
      const node: Node | null = outputs[0]!.node;
      if (!node || settled.has(node) || outputs.some((v, i) => v !== node.outputs[i])) break;
      const next = outputs.length === node.outputs.length ? step(node) : null;
      if (!next) {
        settled.add(node);
        break;
      }
      outputs = next;
    }
    return outputs === start.outputs ? null : outputs;
  };
  return mapGraph(graph, visit, order);
}
