/** A graph's regions, lowered, and the numbers of the values that cross them. */
import { raise } from '../errors.js';
import { bodiesOf } from '../ir/bodies.js';
import { type Graph, type Node, type Value, isTensorType } from '../ir/graph.js';
import type { StepSpec } from '../ir/step.js';
import { type Appended, type StateNames, appendedPairs, pairsOfCuts } from './appended.js';
import { stepsOf } from './items.js';
import { type LoweredRegion, lowerRegion } from './lower.js';
import type { DimSymbol } from '../tensor/dim.js';
import { symbolsOfFacts } from './needed.js';
import { cutRegions } from './regions.js';

export type Part =
  | { readonly native: true; readonly lowered: LoweredRegion; readonly outputs: readonly number[] }
  | {
      readonly native: false;
      readonly nodes: readonly Node[];
      /** of nodes that steer */
      readonly bodies: ReadonlyMap<Node, readonly Parts[]>;
    };

export interface Parts {
  readonly parts: readonly Part[];
  /** value of each graph input */
  readonly inputs: readonly number[];
  /** value of each graph output */
  readonly outputs: readonly number[];
  /** pairs of inputs and outputs that share a buffer */
  readonly appended: readonly Appended[];
  /** kernels that nodes wanted and that are not there */
  readonly missing: ReadonlyMap<Node, string>;
}

export class ValueNumbers {
  readonly list: Value[] = [];
  readonly #index = new Map<Value, number>();
  of(v: Value): number {
    let i = this.#index.get(v);
    if (i === undefined) this.#index.set(v, (i = this.another(v)));
    return i;
  }
  /** a further number for the same value: another copy of it */
  another(v: Value): number {
    return this.list.push(v) - 1;
  }
  /** forgets all but the first `count` */
  forget(count: number): void {
    for (const v of this.list.splice(count))
      if ((this.#index.get(v) ?? 0) >= count) this.#index.delete(v);
  }
}

const isNumeric = (v: Value): boolean =>
  isTensorType(v.fact.type) && v.fact.type.dtype !== 'string';

/** What all parts of a plan have in common. */
export interface PartsContext {
  readonly values: ValueNumbers;
  /** the first kernel that the step needs and that is not there */
  readonly lacks: (step: StepSpec) => string | undefined;
}

export interface PartsOptions {
  /** inputs and outputs that are state */
  readonly names?: StateNames;
  /** sizes that are known beside those of the inputs */
  readonly outer?: Iterable<DimSymbol>;
}

/**
 * Lowers the graph region by region. Nodes whose steps name kernels that are not there become host
 * nodes.
 */
export function makeParts(
  graph: Graph,
  context: PartsContext,
  { names = {}, outer = [] }: PartsOptions = {},
): Parts {
  const { values, lacks } = context;
  const pairs = appendedPairs(graph, names);
  const missing = new Map<Node, string>();
  const first = values.list.length;
  const known = union(outer, symbolsOfFacts(graph.inputs));
  for (;;) {
    const result = tryParts(graph, { forced: new Set(missing.keys()), values, known, pairs });
    const before = missing.size;
    for (const part of result.parts)
      for (const item of part.native ? part.lowered.items : [])
        for (const { spec } of stepsOf([item])) {
          const kernel = lacks(spec);
          if (kernel === undefined) continue;
          if (!item.node) raise('HAIO_E_PLAN', { reason: `there is no kernel ${kernel}` });
          missing.set(item.node, kernel);
        }
    if (missing.size > before) {
      values.forget(first);
      continue;
    }
    const parts = result.parts.map((p): Part => {
      if (p.native) return p;
      const steering = p.nodes.filter((n) => n.op.steer !== undefined);
      const bodies = steering.map((n): [Node, Parts[]] => {
        const sizes = union(known, symbolsOfFacts(n.inputs));
        return [n, bodiesOf(n).map((g) => makeParts(g, context, { outer: sizes }))];
      });
      return { ...p, bodies: new Map(bodies) };
    });
    return { ...result, parts, missing };
  }
}

const union = <T>(a: Iterable<T>, b: Iterable<T>): Set<T> => new Set([...a, ...b]);

interface Attempt {
  readonly forced: ReadonlySet<Node>;
  readonly values: ValueNumbers;
  readonly known: ReadonlySet<DimSymbol>;
  readonly pairs: readonly Appended[];
}

function tryParts(graph: Graph, { forced, values, known, pairs }: Attempt): Omit<Parts, 'missing'> {
  const cuts = cutRegions(graph, forced, known);
  const appended = pairsOfCuts(pairs, cuts);
  const inputs = graph.inputs.map((v) => values.of(v));
  const cutOf = new Map<Node, number>();
  cuts.forEach((cut, i) => cut.nodes.forEach((n) => cutOf.set(n, i)));
  const maker = (v: Value | null): number | undefined => (v?.node ? cutOf.get(v.node) : undefined);

  const gives: Set<Value>[] = cuts.map(() => new Set());
  cuts.forEach((cut, i) => {
    for (const v of cut.nodes.flatMap((n) => n.inputs)) {
      const from = maker(v);
      if (v && from !== undefined && from !== i) gives[from]!.add(v);
    }
  });
  // outputs that nothing makes, or that are an output already, are copied by the last region
  const copies: [Value, number][] = [];
  const taken = new Set<Value>();
  const outputs = graph.outputs.map((v) => {
    const from = maker(v);
    if (!isNumeric(v)) return values.of(v);
    if (from === undefined || taken.has(v)) {
      copies.push([v, values.another(v)]);
      return values.list.length - 1;
    }
    taken.add(v);
    gives[from]!.add(v);
    return values.of(v);
  });
  const native = (nodes: readonly Node[], given: readonly [Value, number][]): Part => ({
    native: true,
    lowered: lowerRegion(
      nodes,
      given.map(([v]) => v),
      appended,
    ),
    outputs: given.map(([, number]) => number),
  });
  const parts = cuts.map((cut, i): Part => {
    if (!cut.native) return { native: false, nodes: cut.nodes, bodies: new Map() };
    const given = [...gives[i]!].map((v): [Value, number] => [v, values.of(v)]);
    return native(cut.nodes, i === cuts.length - 1 ? [...given, ...copies] : given);
  });
  if (copies.length > 0 && !cuts.at(-1)?.native) parts.push(native([], copies));
  return { parts, inputs, outputs, appended };
}
