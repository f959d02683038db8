/**
 * Expression patterns over values, with typed captures: `pat(Mul, any('x'), lit(0.5))`. A pattern
 * says all ways in which it matches (commutative ops in both orders), so nesting may backtrack.
 */
import { toNumbers } from '../tensor/tensor.js';
import { constantTensor } from './build.js';
import { type Node, type Value, dtypeOf } from './graph.js';
import { type OpDef, hasTrait } from './op.js';

/** One way in which a pattern fits: what it captured, and the nodes it looked into. */
export interface Match {
  readonly captures: Readonly<Record<string, unknown>>;
  readonly nodes: readonly Node[];
}

/** `C` is the object of captures. Captures of one name must be the same value everywhere. */
export interface Pattern<C = unknown> {
  /** ops of the root; null where any value may stand */
  readonly roots: readonly OpDef[] | null;
  match(value: Value | null, before: Match): readonly Match[];
  /** only carries the type */
  readonly captures?: C;
}

/** Captures of several patterns together. */
export type Joined<P extends readonly Pattern[]> = P extends readonly [
  Pattern<infer C>,
  ...infer Rest extends readonly Pattern[],
]
  ? C & Joined<Rest>
  : unknown;

export const NO_MATCH: readonly Match[] = [];
export const EMPTY: Match = { captures: {}, nodes: [] };

function capture(m: Match, name: string, value: unknown): readonly Match[] {
  if (name in m.captures) return m.captures[name] === value ? [m] : NO_MATCH;
  return [{ captures: { ...m.captures, [name]: value }, nodes: m.nodes }];
}

/** Any value, captured. */
export function any<N extends string>(name: N): Pattern<{ readonly [K in N]: Value }> {
  return { roots: null, match: (v, m) => (v ? capture(m, name, v) : NO_MATCH) };
}

/** Relative error that a constant of the model may have against the number meant. */
const slack = (v: Value): number =>
  dtypeOf(v) === 'float16' ? 1e-3 : dtypeOf(v) === 'bfloat16' ? 8e-3 : 1e-6;

/** The number of a constant with one element, else null. */
export function scalarOf(v: Value | null): number | null {
  if (!v || (!v.weight && !v.fact.value) || !('dtype' in v.fact.type)) return null;
  if (v.fact.type.dtype === 'string' || v.fact.type.shape.some((d) => d !== 1)) return null;
  const t = constantTensor(v);
  return t ? toNumbers(t)[0]! : null;
}

/** A constant with one element equal to `value`, up to a relative tolerance (default: by dtype). */
export function lit(value: number, tolerance?: number): Pattern {
  return {
    roots: null,
    match(v, m) {
      const x = scalarOf(v);
      if (x === null || !v) return NO_MATCH;
      const near = Math.abs(x - value) <= (tolerance ?? slack(v)) * Math.abs(value);
      return x === value || near ? [m] : NO_MATCH;
    },
  };
}

/** A constant with one element; captures its number. */
export function constScalar<N extends string>(name: N): Pattern<{ readonly [K in N]: number }> {
  return {
    roots: null,
    match(v, m) {
      const x = scalarOf(v);
      return x === null ? NO_MATCH : capture(m, name, x);
    },
  };
}

/** Any constant; captures the value. */
export function constant<N extends string>(name: N): Pattern<{ readonly [K in N]: Value }> {
  return { roots: null, match: (v, m) => (v?.weight ? capture(m, name, v) : NO_MATCH) };
}

/** An input that is not there. */
export const absent: Pattern = {
  roots: null,
  match: (v, m) => (v === null ? [m] : NO_MATCH),
};

/** The inputs without trailing absent ones. */
function present(node: Node): readonly (Value | null)[] {
  let n = node.inputs.length;
  while (n > 0 && node.inputs[n - 1] === null) n--;
  return n === node.inputs.length ? node.inputs : node.inputs.slice(0, n);
}

/** Output 0 of a node of `op` whose inputs fit `inputs` (as many as the node has). */
export const pat = <A, P extends readonly Pattern[]>(
  op: OpDef<A>,
  ...inputs: P
): Pattern<Joined<P>> => patIf(op, () => true, ...inputs);

/** As `pat`, where `condition` holds for the node. */
export function patIf<A, P extends readonly Pattern[]>(
  op: OpDef<A>,
  condition: (attrs: A, node: Node<A>) => boolean,
  ...inputs: P
): Pattern<Joined<P>> {
  const root = op as unknown as OpDef;
  const swaps = hasTrait(root, 'commutative') && inputs.length === 2;
  const all = (values: readonly (Value | null)[], m: Match): readonly Match[] => {
    let ways: readonly Match[] = [m];
    for (let i = 0; i < inputs.length && ways.length > 0; i++)
      ways =
        ways.length === 1
          ? inputs[i]!.match(values[i]!, ways[0]!)
          : ways.flatMap((w) => inputs[i]!.match(values[i]!, w));
    return ways;
  };
  return {
    roots: [root],
    match(v, m) {
      const node = v?.node;
      if (!node || node.op !== root || v.slot !== 0) return NO_MATCH;
      const values = present(node);
      if (values.length !== inputs.length || !condition(node.attrs as A, node as Node<A>))
        return NO_MATCH;
      const seen = m.nodes.includes(node) ? m : { captures: m.captures, nodes: [...m.nodes, node] };
      const ways = all(values, seen);
      if (!swaps || values[0] === values[1]) return ways;
      const swapped = all([values[1]!, values[0]!], seen);
      return ways.length === 0 ? swapped : swapped.length === 0 ? ways : [...ways, ...swapped];
    },
  };
}

/** The value that fits `pattern`, captured too. */
export function as<N extends string, C>(
  name: N,
  pattern: Pattern<C>,
): Pattern<C & { readonly [K in N]: Value }> {
  return {
    roots: pattern.roots,
    match: (v, m) => pattern.match(v, m).flatMap((w) => capture(w, name, v)),
  };
}

/** Any of several patterns; they must capture the same names. */
export function oneOf<C>(...patterns: readonly Pattern<C>[]): Pattern<C> {
  return {
    roots: patterns.every((p) => p.roots) ? patterns.flatMap((p) => p.roots!) : null,
    match: (v, m) => patterns.flatMap((p) => p.match(v, m)),
  };
}
