/** Rewriting the graphs within nodes. */
import { applyAll } from './build.js';
import { type Graph, type Node, type Value, input, topological } from './graph.js';
import { mapGraph, remake, sameType } from './rewrite.js';

export const bodiesOf = (node: Node): readonly Graph[] => node.op.bodies?.(node.attrs) ?? [];

const withBodies = (
  node: Node,
  bodies: readonly Graph[],
  inputs: readonly (Value | null)[],
): readonly Value[] =>
  applyAll(node.op, node.op.withBodies!(node.attrs, bodies), inputs, {
    origin: node.origin,
    wanted: node.outputs.map(() => true),
    names: node.outputs.map((o) => o.name),
  });

/** The graph with the bodies of its nodes replaced by what `change` makes of them. */
export const mapBodies = (graph: Graph, change: (body: Graph, node: Node) => Graph): Graph =>
  mapGraph(graph, (node) => {
    const bodies = bodiesOf(node);
    const changed = bodies.map((body) => change(body, node));
    return changed.every((g, i) => g === bodies[i]) ? null : withBodies(node, changed, node.inputs);
  });

/** The graph with other values for some of its inputs; `inputs` are those that it has then. */
function substitute(
  graph: Graph,
  values: ReadonlyMap<Value, Value>,
  inputs: readonly Value[],
): Graph {
  const map = new Map(values);
  const get = (v: Value): Value => map.get(v) ?? v;
  for (const node of topological(graph.outputs)) {
    if (!node.inputs.some((v) => v && map.has(v))) continue;
    const outputs = remake(
      node,
      node.inputs.map((v) => v && get(v)),
    );
    node.outputs.forEach((o, i) => map.set(o, outputs[i]!));
  }
  return { ...graph, inputs, outputs: graph.outputs.map(get) };
}

/**
 * The graph with what its nodes' bodies capture brought up to date: constants go into the bodies, and
 * other values say there what is known of them here.
 */
export const updateCaptures = (graph: Graph): Graph =>
  mapGraph(graph, (node) => {
    const first = node.op.captures?.(node.attrs);
    if (first === undefined) return null;
    const captured = node.inputs.slice(first);
    const stays = (v: Value | null): boolean => !v?.weight;
    const bodies = bodiesOf(node).map((body) => {
      const own = body.inputs.length - captured.length;
      const values = new Map<Value, Value>();
      captured.forEach((v, i) => {
        const inner = body.inputs[own + i]!;
        if (v?.weight) values.set(inner, v);
        else if (v && !sameType(v.fact, inner.fact))
          values.set(inner, { ...input(inner.name, v.fact.type), fact: v.fact });
      });
      if (values.size === 0) return body;
      const left = body.inputs.filter((_, i) => i < own || stays(captured[i - own]!));
      return substitute(
        body,
        values,
        left.map((v) => values.get(v) ?? v),
      );
    });
    if (bodies.every((g, i) => g === bodiesOf(node)[i])) return null;
    return withBodies(node, bodies, [...node.inputs.slice(0, first), ...captured.filter(stays)]);
  });
