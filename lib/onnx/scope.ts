/** Names and the values they stand for, in one graph, body or function. */
import { type Value, newValue } from '../ir/graph.js';
import type { Knowledge } from './known.js';

export class Scope {
  readonly #values = new Map<string, Value | null>();
  readonly #parent: Scope | null;
  readonly #knowledge: Knowledge | null;
  readonly #inner = new Map<Value, Value>();

  /** With `knowledge` the scope is closed: outer values that are not constant become inputs. */
  constructor(parent: Scope | null = null, knowledge: Knowledge | null = null) {
    this.#parent = parent;
    this.#knowledge = knowledge;
  }

  define(name: string, value: Value | null): void {
    this.#values.set(name, value);
  }

  /** null: an optional input that is absent; undefined: no such name */
  get(name: string): Value | null | undefined {
    const own = this.#values.get(name);
    if (own !== undefined) return own;
    const outer = this.#parent?.get(name);
    if (!outer || outer.weight || !this.#knowledge) return outer;
    let inner = this.#inner.get(outer);
    if (!inner) {
      inner = newValue(outer.fact, null, 0, outer.name);
      this.#inner.set(outer, inner);
      this.#knowledge.link(inner, outer);
    }
    return inner;
  }

  /** Outer values that the scope uses, and the inputs that stand for them. */
  captures(): { outer: Value[]; inner: Value[] } {
    return { outer: [...this.#inner.keys()], inner: [...this.#inner.values()] };
  }
}
