/**
 * Moves Transposes through the graph until they meet and vanish. Every free node is put into one of
 * the two forms of layouts.ts by a minimum cut over the elements that remain to be moved: exact for
 * the forms found, so the number of moved elements never grows. Of equal cuts the latest is taken,
 * so that element-wise nodes stay beside the producer they can be fused into.
 */
import { apply, applyAll, withOrigin } from '../ir/build.js';
import { type Graph, type Node, type Value, shapeOf, topological } from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { remake } from '../ir/rewrite.js';
import { Transpose } from '../ops/transpose.js';
import { type Free, type Group, type Label, Layouts, groupOf, moveCost, other } from './layouts.js';
import { FlowNetwork } from './min-cut.js';
import { type Perm, inverse, isIdentity } from './permutations.js';
import { reshaped } from './shapes.js';

/** Some Transposes only become movable when others are gone. */
const ROUNDS = 4;

export const sinkTransposes: Pass = {
  name: 'sink-transposes',
  rules: ['turn'],
  run(graph, ctx) {
    for (let i = 0; i < ROUNDS; i++) {
      const layouts = new Layouts(graph);
      if (layouts.links.size === 0) break;
      const turned = nodesToTurn(graph, layouts);
      for (const node of turned) if (!ctx.allow('turn', node)) turned.delete(node);
      // the round before has shared the Transposes that stay
      if (turned.size === 0 && i > 0) break;
      graph = new Turning(layouts, turned).run(graph);
      const left = topological(graph.outputs).filter((n) => isOp(n, Transpose));
      if (turned.size === 0 || left.length < 2) break;
    }
    return graph;
  },
};

const passes = (perm: Perm | null | undefined): perm is Perm => perm != null && !isIdentity(perm);

/** Free nodes that shall work in the other form; form 0 is the source's side of the cut. */
function nodesToTurn(graph: Graph, layouts: Layouts): Set<Node> {
  const { forms, free, links } = layouts;
  const net = new FlowNetwork();
  const ends = [net.node(), net.node()] as const;
  const variable = new Map<Node, number>([...free.keys()].map((n) => [n, net.node()]));
  const readers = new Map<Group, number[]>();
  const makers = new Map<Group, { readonly at: number; readonly cost: number }>();

  const read = (v: Value | null, at: number | null): void => {
    const form = v && forms.get(v);
    if (!form) return;
    const list = readers.get(groupOf(form));
    if (list) list.push(at ?? ends[form.own]);
    else readers.set(groupOf(form), [at ?? ends[form.own]]);
  };
  const make = (v: Value, at: number | null, late: number): void => {
    const form = forms.get(v);
    if (!form) return;
    // even a move that costs nothing is a node more
    const cost = Math.max(1, moveCost(v, form.perm)) * (1 + 1e-3 * (1 - late));
    makers.set(groupOf(form), { at: at ?? ends[form.own], cost });
  };

  const order = topological(graph.outputs);
  const inputs = new Set([...graph.inputs, ...order.flatMap((n) => n.inputs)]);
  for (const v of inputs) if (v && !v.node) make(v, null, 0);
  for (const [k, node] of order.entries()) {
    if (links.has(node)) continue;
    const choice = free.get(node);
    const at = variable.get(node) ?? null;
    node.inputs.forEach((v, i) => read(v, v && choice && layouts.read(choice, v, i) ? at : null));
    node.outputs.forEach((v, i) =>
      make(v, passes(choice?.moved.outputs[i]) ? at : null, (k + 1) / order.length),
    );
    if (!choice) continue;
    const extra = extraCost(layouts, node, choice);
    if (choice.own === 0) net.edge(ends[0], at!, extra);
    else net.edge(at!, ends[1], extra);
  }
  for (const v of graph.outputs) read(v, null);

  for (const [group, { at, cost }] of makers) {
    const [one, zero] = [net.node(), net.node()];
    net.edge(at, one, cost);
    net.edge(zero, at, cost);
    for (const reader of readers.get(group) ?? []) {
      net.edge(one, reader, Infinity);
      net.edge(reader, zero, Infinity);
    }
  }
  const first = net.cut(ends[0], ends[1]);
  const label = (n: Node): Label => (first[variable.get(n)!] ? 0 : 1);
  return new Set([...free].filter(([n, { own }]) => label(n) !== own).map(([n]) => n));
}

/** Elements to move for the inputs that have no such form, when the node is turned. */
function extraCost(layouts: Layouts, node: Node, choice: Free): number {
  const costs = node.inputs.map((v, i) => {
    const perm = choice.moved.inputs[i];
    return v && !v.weight && passes(perm) && !layouts.read(choice, v, i) ? moveCost(v, perm) : 0;
  });
  return costs.reduce((a, b) => a + b, 0);
}

/** Rebuilds a graph with some free nodes turned; Transposes are made where a form is missing. */
class Turning {
  readonly #layouts: Layouts;
  readonly #turned: ReadonlySet<Node>;
  readonly #plain = new Map<Value, Value>();
  readonly #formed = new Map<Group, [Value | null, Value | null]>();

  constructor(layouts: Layouts, turned: ReadonlySet<Node>) {
    this.#layouts = layouts;
    this.#turned = turned;
  }

  run(graph: Graph): Graph {
    for (const v of this.#layouts.forms.keys()) if (!v.node) this.#set(v, v, null);
    for (const node of topological(graph.outputs)) {
      if (this.#layouts.links.has(node)) continue;
      if (this.#turned.has(node)) this.#turn(node, this.#layouts.free.get(node)!);
      else this.#keep(node);
    }
    return { ...graph, outputs: graph.outputs.map((v) => this.#own(v)) };
  }

  #keep(node: Node): void {
    const inputs = node.inputs.map((v) => v && this.#own(v));
    const same = inputs.every((v, i) => v === node.inputs[i]);
    const outputs = same ? node.outputs : remake(node, inputs);
    node.outputs.forEach((v, i) => this.#set(v, outputs[i]!, null));
  }

  #turn(node: Node, choice: Free): void {
    const { own, moved } = choice;
    const inputs = node.inputs.map((v, i) => {
      const perm = moved.inputs[i];
      if (!v || !passes(perm)) return v && this.#own(v);
      if (this.#layouts.read(choice, v, i)) return this.#form(v, other(own));
      const missing = perm.length - shapeOf(v).length;
      const wide = reshaped(this.#own(v), [...new Array<number>(missing).fill(1), ...shapeOf(v)]);
      return apply(Transpose, { perm: inverse(perm) }, [wide], { origin: node.origin });
    });
    const outputs = applyAll(node.op, moved.attrs, inputs, {
      origin: node.origin,
      wanted: node.outputs.map(() => true),
    });
    node.outputs.forEach((v, i) =>
      this.#set(v, outputs[i]!, passes(moved.outputs[i]) ? other(own) : null),
    );
  }

  /** Takes note of what became of v: the value itself, or the other form. */
  #set(v: Value, made: Value, label: Label | null): void {
    const form = this.#layouts.forms.get(v);
    if (form) this.#pair(groupOf(form))[label ?? form.own] = made;
    else this.#plain.set(v, made);
  }

  #pair(group: Group): [Value | null, Value | null] {
    let pair = this.#formed.get(group);
    if (!pair) this.#formed.set(group, (pair = [null, null]));
    return pair;
  }

  #own(v: Value): Value {
    const form = this.#layouts.forms.get(v);
    return form ? this.#form(v, form.own) : (this.#plain.get(v) ?? v);
  }

  /** v in the form `label`; made from the other form when it is not there yet. */
  #form(v: Value, label: Label): Value {
    const form = this.#layouts.forms.get(v)!;
    const { own, perm } = form;
    const pair = this.#pair(groupOf(form));
    pair[label] ??= withOrigin(v.node?.origin ?? [], () =>
      apply(Transpose, { perm: label === own ? perm : inverse(perm) }, [pair[other(label)]!]),
    );
    return pair[label];
  }
}
