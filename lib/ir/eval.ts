/** The reference interpreter: small constants, host nodes, and the oracle of all tests. */
import { raise } from '../errors.js';
import type { Steering } from './op.js';
import { type Tensor } from '../tensor/tensor.js';
import { tensorOf } from '../tensor/weight.js';
import { type Graph, type Node, type Value, topological } from './graph.js';

/** Runs one node's `eval` (or its decomposition) on tensors. */
export function evalNode(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] {
  if (node.op.eval) return node.op.eval(inputs, node.attrs);
  if (node.op.decompose) {
    const known = new Map<Value, Tensor>();
    node.inputs.forEach((v, i) => {
      const t = inputs[i];
      if (v && t) known.set(v, t);
    });
    return evalValues(node.op.decompose(node), known);
  }
  raise('HAIO_E_INTERNAL', { reason: `op ${node.op.name} has no eval` });
}

/** Runs what is asked for by the interpreter. */
export function evalSteering(steering: Steering, bodies: readonly Graph[]): readonly Tensor[] {
  let step = steering.next([]);
  while (!step.done) step = steering.next(evalGraph(bodies[step.value.body]!, step.value.inputs));
  return step.value;
}

/** Values computed from `known` ones (graph inputs) and constants. */
export function evalValues(outputs: readonly Value[], known: Map<Value, Tensor>): Tensor[] {
  const get = (v: Value): Tensor => {
    const t = known.get(v);
    if (t) return t;
    if (v.weight) return tensorOf(v.weight);
    return raise('HAIO_E_INTERNAL', { reason: `value '${v.name}' (${v.id}) has no tensor` });
  };
  const order = topological(outputs);
  // values given in `known` cut the graph: nodes only they need are not run
  const needed = new Set<Node>();
  const mark = (v: Value | null): void => {
    if (v?.node && !known.has(v)) needed.add(v.node);
  };
  outputs.forEach(mark);
  for (const node of [...order].reverse()) if (needed.has(node)) node.inputs.forEach(mark);
  for (const node of order) {
    if (!needed.has(node)) continue;
    const results = evalNode(
      node,
      node.inputs.map((v) => (v ? get(v) : null)),
    );
    node.outputs.forEach((o, i) => {
      const r = results[i];
      if (r && !known.has(o)) known.set(o, r);
    });
  }
  return outputs.map(get);
}

/** Runs a graph on tensors in the order of its inputs. */
export const evalGraph = (graph: Graph, inputs: readonly Tensor[]): Tensor[] =>
  evalValues(graph.outputs, new Map(graph.inputs.map((v, i) => [v, inputs[i]!])));
