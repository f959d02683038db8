/**
 * What forms values may take when Transposes are moved. A value may have two forms, 0 and 1: one of
 * them is the value itself, the other a transposition of it. Values that a Transpose links are the
 * same two forms seen under other permutations: they are one group, with one producer. A node that
 * can work on the other form of its values is free; sink-transposes chooses.
 */
import { type Graph, type Node, type Value, shapeOf, topological, usersOf } from '../ir/graph.js';
import { type Permuted, isOp } from '../ir/op.js';
import { Transpose } from '../ops/transpose.js';
import { typical } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import {
  type Perm,
  compose,
  inverse,
  isIdentity,
  movesNothing,
  permuteInput,
  permuteOutput,
  samePerm,
} from './permutations.js';

export type Label = 0 | 1;
export const other = (l: Label): Label => (l === 0 ? 1 : 0);

/** Values with the same two forms; groups may be joined, `groupOf` finds the one that stands for all. */
export interface Group {
  joined: Group | null;
}
export function groupOf(form: Form): Group {
  let g = form.group;
  while (g.joined) g = g.joined;
  return g;
}

export interface Form {
  readonly group: Group;
  /** which of the two forms is the value itself */
  readonly own: Label;
  /** value = Transpose(its other form, perm) */
  readonly perm: Perm;
}

/** A node that can also work in the other form, and which form it works in now. */
export interface Free {
  readonly own: Label;
  readonly moved: Permuted<unknown>;
}

/** Elements moved at typical sizes to get x where v = Transpose(x, perm); v may lack leading axes. */
export function moveCost(v: Value, perm: Perm): number {
  const shape = shapeOf(v);
  const wide = [...new Array<number>(perm.length - shape.length).fill(1), ...shape];
  return movesNothing(wide, inverse(perm)) ? 0 : typical(product(shape));
}

export class Layouts {
  readonly forms = new Map<Value, Form>();
  readonly free = new Map<Node, Free>();
  /** Transposes between two values of one group: they vanish */
  readonly links = new Set<Node>();
  readonly #tried = new Set<Node>();
  readonly #work: Value[] = [];

  constructor(graph: Graph) {
    const order = topological(graph.outputs);
    const users = usersOf(order);
    for (const { x, y, perm } of seeds(order)) {
      if (this.forms.has(x) || this.forms.has(y)) continue;
      this.#assign(x, { group: { joined: null }, own: 1, perm: inverse(perm) });
      for (let v = this.#work.pop(); v; v = this.#work.pop()) {
        if (v.node) this.#visit(v.node, v);
        for (const user of users.get(v) ?? []) this.#visit(user, v);
      }
    }
  }

  /** The form that a free node reads input i in; null where it takes the value itself. */
  read({ own, moved }: Free, v: Value, i: number): Form | null {
    const [form, perm] = [this.forms.get(v), moved.inputs[i]];
    return form && perm && form.own === own && samePerm(form.perm, perm) ? form : null;
  }

  #assign(v: Value, form: Form): void {
    this.forms.set(v, form);
    this.#work.push(v);
  }

  /** Looks at a user or the producer of `via`, whose forms are known. */
  #visit(node: Node, via: Value): void {
    if (this.#tried.has(node)) return;
    this.#tried.add(node);
    const { perm, own } = this.forms.get(via)!;
    if (isOp(node, Transpose)) {
      if (this.#link(node.inputs[0]!, node.outputs[0]!, node.attrs.perm)) this.links.add(node);
      else {
        // the same Transpose done within the other form
        const inside = compose(compose(perm, node.attrs.perm), inverse(perm));
        this.#accept(node, own, { attrs: { perm: inside }, inputs: [perm], outputs: [perm] });
      }
      return;
    }
    const slot = node.outputs.indexOf(via);
    const moved =
      slot >= 0
        ? permuteOutput(node, slot, perm)
        : permuteInput(node, node.inputs.indexOf(via), perm);
    if (moved) this.#accept(node, own, moved);
  }

  /** y = Transpose(x, q), where one end is the other form of the other end. */
  #link(x: Value, y: Value, q: Perm): boolean {
    const [fx, fy] = [this.forms.get(x), this.forms.get(y)];
    if (fx && !isIdentity(compose(fx.perm, q))) return false;
    if (fy && !samePerm(fy.perm, q)) return false;
    if (fx && fy) {
      if (fx.own === fy.own) return false;
      const [a, b] = [groupOf(fx), groupOf(fy)];
      if (a !== b) b.joined = a;
    } else if (fx) this.#assign(y, { group: fx.group, own: other(fx.own), perm: q });
    else this.#assign(x, { group: fy!.group, own: other(fy!.own), perm: inverse(q) });
    return true;
  }

  /** Makes a node free unless its outputs already have other forms. */
  #accept(node: Node, own: Label, moved: Permuted<unknown>): void {
    const needs = (v: Value | null, perm: Perm | null | undefined): v is Value =>
      v != null && perm != null && !isIdentity(perm);
    for (const [i, v] of node.outputs.entries()) {
      const form = this.forms.get(v);
      if (form && !(form.own === own && samePerm(form.perm, moved.outputs[i]!))) return;
    }
    this.free.set(node, { own, moved });
    const take = (v: Value, perm: Perm): void => {
      if (!this.forms.has(v)) this.#assign(v, { group: { joined: null }, own, perm });
    };
    node.outputs.forEach((v, i) => {
      if (needs(v, moved.outputs[i])) take(v, moved.outputs[i]!);
    });
    node.inputs.forEach((v, i) => {
      const perm = moved.inputs[i];
      if (needs(v, perm) && !v.weight && perm!.length === shapeOf(v).length) take(v, perm!);
    });
  }
}

/** The Transposes to start from, those that move most first. */
function seeds(order: readonly Node[]): { x: Value; y: Value; perm: Perm }[] {
  return order
    .filter((n) => isOp(n, Transpose))
    .map((n) => ({ x: n.inputs[0]!, y: n.outputs[0]!, perm: n.attrs.perm }))
    .filter(({ x, perm }) => !x.weight && !isIdentity(perm))
    .map((s) => ({ ...s, cost: moveCost(s.y, s.perm) }))
    .sort((a, b) => b.cost - a.cost);
}
