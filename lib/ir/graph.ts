/**
 * The graph: immutable values and nodes. A rewrite builds new nodes and shares everything it does
 * not change; what is reachable from the outputs is the graph.
 */
import type { DType } from '../tensor/dtype.js';
import type { Dim } from '../tensor/dim.js';
import type { Weight } from '../tensor/weight.js';
import type { OpDef } from './op.js';

export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}
export type Type =
  | TensorType
  | { readonly sequence: Type }
  | { readonly optional: Type }
  /** within sequences and optionals: what is not there yet, of unknown rank */
  | { readonly unranked: DType }
  | { readonly map: readonly [DType, Type] };

/** What is known of a value before the run. */
export interface Fact {
  readonly type: Type;
  /** row-major elements of an integer or bool tensor of at most VALUE_LIMIT elements, where known */
  readonly value?: readonly Dim[] | undefined;
}
export const VALUE_LIMIT = 1024;

export interface Value {
  readonly id: number;
  readonly fact: Fact;
  /** null for graph inputs and constants */
  readonly node: Node | null;
  /** index among the node's outputs */
  readonly slot: number;
  /** name in the model, where it has one: inputs, outputs, initializers, intermediate values */
  readonly name: string;
  /** constants only */
  readonly weight?: Weight | undefined;
}

export interface Node<A = unknown> {
  readonly op: OpDef<A>;
  readonly attrs: A;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  /** names of the ONNX nodes it stands for: reports, errors, per-layer options */
  readonly origin: readonly string[];
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** public names of the outputs, in the order of `outputs` (one value may be two outputs) */
  readonly outputNames: readonly string[];
}

let ids = 0;

// Made in one place each, so that all have the same hidden class: what walks graphs is compiled once.
export const newFact = (type: Type, value?: readonly Dim[]): Fact => ({ type, value });
export const newValue = (
  fact: Fact,
  node: Node | null,
  slot: number,
  name: string,
  weight?: Weight,
): Value => ({ id: ++ids, fact, node, slot, name, weight });
export const newNode = <A>(
  op: OpDef<A>,
  attrs: A,
  inputs: readonly (Value | null)[],
  outputs: readonly Value[],
  origin: readonly string[],
): Node<A> => ({ op, attrs, inputs, outputs, origin });

export const isTensorType = (t: Type): t is TensorType => 'dtype' in t;

/** Tensor type of a value; throws TypeError for sequences, optionals and maps. */
export function typeOf(v: Value): TensorType {
  if (!isTensorType(v.fact.type)) throw new TypeError(`value '${v.name}' is not a tensor`);
  return v.fact.type;
}
export const shapeOf = (v: Value): readonly Dim[] => typeOf(v).shape;
export const dtypeOf = (v: Value): DType => typeOf(v).dtype;

/** A graph input. */
export function input(name: string, type: Type): Value {
  return newValue(newFact(type), null, 0, name);
}

/** Nodes in topological order (inputs before users), each once; iterative, safe for deep graphs. */
export function topological(outputs: readonly Value[]): Node[] {
  const done = new Set<Node>();
  const order: Node[] = [];
  const stack: { node: Node; next: number }[] = [];
  for (const out of outputs) {
    if (out.node && !done.has(out.node)) stack.push({ node: out.node, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (done.has(top.node)) {
        stack.pop();
        continue;
      }
      let pushed = false;
      while (top.next < top.node.inputs.length) {
        const n = top.node.inputs[top.next++]?.node;
        if (n && !done.has(n)) {
          stack.push({ node: n, next: 0 });
          pushed = true;
          break;
        }
      }
      if (pushed) continue;
      done.add(top.node);
      order.push(top.node);
      stack.pop();
    }
  }
  return order;
}

/** Number of nodes that a graph runs, bodies not counted. */
export const countNodes = (graph: Graph): number => topological(graph.outputs).length;

/** Users of each value among `nodes`, in order; a graph output counts as no user. */
export function usersOf(nodes: readonly Node[]): Map<Value, Node[]> {
  const users = new Map<Value, Node[]>();
  for (const node of nodes)
    for (const v of new Set(node.inputs)) {
      if (!v) continue;
      const list = users.get(v);
      if (list) list.push(node);
      else users.set(v, [node]);
    }
  return users;
}
