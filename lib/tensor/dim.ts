/**
 * Sizes known only at run time: integer expressions over named symbols. Expressions are canonical
 * sums of products and interned, so equal expressions are the same object and `===` decides.
 */

/** A size that a run binds: `min`..`max` are promised, `typical` guides kernel choice. */
export interface DimSymbol {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly typical: number;
}

type Fn = 'floorDiv' | 'ceilDiv' | 'mod' | 'min' | 'max' | 'eq' | 'lt' | 'select';
interface Atom {
  readonly id: number;
  readonly symbol: DimSymbol | null;
  readonly fn: Fn | null;
  readonly args: readonly Dim[];
}
interface Term {
  readonly coef: number;
  readonly atoms: readonly Atom[];
}
/** A non-constant expression: `constant + Σ coef·Π atoms`. */
export interface Sym {
  readonly id: number;
  readonly constant: number;
  readonly terms: readonly Term[];
}
export type Dim = number | Sym;

const LIMIT = Number.MAX_SAFE_INTEGER;
const clamp = (x: number): number => (x > LIMIT ? LIMIT : x < -LIMIT ? -LIMIT : x);

let counter = 0;
const syms = new Map<string, Sym>();
const atoms = new Map<string, Atom>();
const symbolAtoms = new WeakMap<DimSymbol, Sym>();

const keyOf = (d: Dim): string => (typeof d === 'number' ? `${d}` : `s${d.id}`);

const keyOfAtoms = (list: readonly Atom[]): string => {
  let key = '';
  for (const a of list) key += `*${a.id}`;
  return key;
};

/** The one expression of these terms: distinct, with coefficients other than 0, sorted by `keys`. */
function interned(constant: number, keys: readonly string[], terms: readonly Term[]): Sym {
  let key = `${constant}`;
  for (let i = 0; i < keys.length; i++) key += `|${terms[i]!.coef}${keys[i]!}`;
  let sym = syms.get(key);
  if (!sym) {
    sym = { id: ++counter, constant: clamp(constant), terms };
    syms.set(key, sym);
    termKeys.set(sym, keys);
  }
  return sym;
}
const termKeys = new WeakMap<Sym, readonly string[]>();

function poly(constant: number, terms: readonly Term[]): Dim {
  const byKey = new Map<string, Term>();
  for (const t of terms) {
    const key = keyOfAtoms(t.atoms);
    const old = byKey.get(key);
    byKey.set(key, old ? { coef: clamp(old.coef + t.coef), atoms: t.atoms } : t);
  }
  const entries = [...byKey.entries()].filter(([, t]) => t.coef !== 0);
  if (entries.length === 0) return clamp(constant);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return interned(
    constant,
    entries.map(([k]) => k),
    entries.map(([, t]) => t),
  );
}

/** a + b and a · b for numbers b: the terms keep their order. */
const shifted = (a: Sym, b: number): Sym => interned(a.constant + b, termKeys.get(a)!, a.terms);
const scaled = (a: Sym, b: number): Dim =>
  b === 0
    ? 0
    : interned(
        clamp(a.constant * b) + 0,
        termKeys.get(a)!,
        a.terms.map((t) => ({ coef: clamp(t.coef * b), atoms: t.atoms })),
      );

const termsOf = (d: Dim): readonly Term[] => (typeof d === 'number' ? [] : d.terms);
const constOf = (d: Dim): number => (typeof d === 'number' ? d : d.constant);

function call(fn: Fn, args: readonly Dim[]): Dim {
  const key = `${fn}(${args.map(keyOf).join(',')})`;
  let atom = atoms.get(key);
  if (!atom) {
    atom = { id: ++counter, symbol: null, fn, args };
    atoms.set(key, atom);
  }
  return poly(0, [{ coef: 1, atoms: [atom] }]);
}

/** The size that `symbol` stands for. */
export function symbolDim(symbol: DimSymbol): Dim {
  let sym = symbolAtoms.get(symbol);
  if (!sym) {
    const atom: Atom = { id: ++counter, symbol, fn: null, args: [] };
    sym = poly(0, [{ coef: 1, atoms: [atom] }]) as Sym;
    symbolAtoms.set(symbol, sym);
  }
  return sym;
}

/** A new symbol; defaults: 0 ≤ size ≤ 2^31−1, typical 1. */
export function newSymbol(name: string, options: Partial<Omit<DimSymbol, 'name'>> = {}): DimSymbol {
  return { name, min: 0, max: 2 ** 31 - 1, typical: 1, ...options };
}

export const isSym = (d: Dim): d is Sym => typeof d !== 'number';

/** Results by the operands, the expression first: the same few sizes meet again and again. */
class Results {
  readonly #known = new WeakMap<Sym, Map<Dim, Dim>>();
  of(a: Sym, b: Dim, make: () => Dim): Dim {
    let row = this.#known.get(a);
    if (!row) this.#known.set(a, (row = new Map<Dim, Dim>()));
    let result = row.get(b);
    if (result === undefined) row.set(b, (result = make()));
    return result;
  }
}
const sums = new Results();
const products = new Results();

export function add(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') {
    if (typeof b === 'number') return clamp(a + b);
    return add(b, a);
  }
  if (b === 0) return a;
  if (typeof b === 'number') return shifted(a, b);
  return sums.of(a, b, () => poly(a.constant + b.constant, [...a.terms, ...b.terms]));
}
export const neg = (a: Dim): Dim => mul(a, -1);
export const sub = (a: Dim, b: Dim): Dim => add(a, neg(b));

export function mul(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') {
    if (typeof b === 'number') return clamp(a * b) + 0;
    return mul(b, a);
  }
  if (b === 1) return a;
  return typeof b === 'number' ? scaled(a, b) : products.of(a, b, () => multiplied(a, b));
}

function multiplied(a: Sym, b: Sym): Dim {
  const terms: Term[] = [];
  const full = (d: Dim): Term[] => [...termsOf(d), { coef: constOf(d), atoms: [] }];
  for (const x of full(a))
    for (const y of full(b)) {
      const joined = [...x.atoms, ...y.atoms].sort((p, q) => p.id - q.id);
      terms.push({ coef: clamp(x.coef * y.coef), atoms: joined });
    }
  const constant = terms.filter((t) => t.atoms.length === 0).reduce((s, t) => s + t.coef, 0);
  return poly(
    constant,
    terms.filter((t) => t.atoms.length > 0),
  );
}

/** `a / b` when b is a number or one product that divides every term of a; else null. */
export function exactDiv(a: Dim, b: Dim): Dim | null {
  if (b === 0) return null;
  if (typeof b === 'number') {
    if (typeof a === 'number') return a % b === 0 ? a / b : null;
    if (a.constant % b !== 0 || a.terms.some((t) => t.coef % b !== 0)) return null;
    return poly(
      a.constant / b,
      a.terms.map((t) => ({ coef: t.coef / b, atoms: t.atoms })),
    );
  }
  if (a === b) return 1;
  if (a === 0) return 0;
  if (typeof a === 'number' || a.constant !== 0 || b.constant !== 0 || b.terms.length !== 1)
    return null;
  const d = b.terms[0]!;
  let constant = 0;
  const terms: Term[] = [];
  for (const t of a.terms) {
    const rest = [...t.atoms];
    for (const x of d.atoms) {
      const i = rest.indexOf(x);
      if (i < 0) return null;
      rest.splice(i, 1);
    }
    if (t.coef % d.coef !== 0) return null;
    if (rest.length === 0) constant += t.coef / d.coef;
    else terms.push({ coef: t.coef / d.coef, atoms: rest });
  }
  return poly(constant, terms);
}

const floorDivNumber = (a: number, b: number): number => (b === 0 ? 0 : Math.floor(a / b));

/** ⌊a/b⌋; 0 when b is 0. */
export function floorDiv(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return floorDivNumber(a, b);
  const exact = exactDiv(a, b);
  if (exact !== null && (typeof b === 'number' || bounds(b)[0] > 0)) return exact;
  if (typeof a !== 'number' && typeof b === 'number' && b > 0) {
    const whole = a.terms.filter((t) => t.coef % b === 0);
    const rest = a.terms.filter((t) => t.coef % b !== 0);
    const q = Math.floor(a.constant / b);
    if (whole.length > 0 || q !== 0)
      return add(
        poly(
          q,
          whole.map((t) => ({ coef: t.coef / b, atoms: t.atoms })),
        ),
        floorDiv(poly(a.constant - q * b, rest), b),
      );
    const [lo, hi] = bounds(a);
    if (lo >= 0 && hi < b) return 0;
  }
  return call('floorDiv', [a, b]);
}
/** ⌈a/b⌉; 0 when b is 0. */
export function ceilDiv(a: Dim, b: Dim): Dim {
  if (typeof b === 'number') return floorDiv(add(a, b - 1), b);
  const exact = exactDiv(a, b);
  return exact ?? call('ceilDiv', [a, b]);
}
/** a − b·⌊a/b⌋; 0 when b is 0. */
export function mod(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number')
    return b === 0 ? 0 : a - b * Math.floor(a / b);
  return sub(a, mul(b, floorDiv(a, b)));
}
export function min(a: Dim, b: Dim): Dim {
  if (a === b) return a;
  const [lo, hi] = bounds(sub(a, b));
  if (hi <= 0) return a;
  if (lo >= 0) return b;
  return call('min', [a, b]);
}
export function max(a: Dim, b: Dim): Dim {
  if (a === b) return a;
  const [lo, hi] = bounds(sub(a, b));
  if (lo >= 0) return a;
  if (hi <= 0) return b;
  return call('max', [a, b]);
}
/** 1 when a = b, else 0. */
export function eq(a: Dim, b: Dim): Dim {
  const d = sub(a, b);
  if (d === 0) return 1;
  const [lo, hi] = bounds(d);
  if (lo > 0 || hi < 0) return 0;
  return call('eq', [a, b]);
}
/** 1 when a < b, else 0. */
export function lt(a: Dim, b: Dim): Dim {
  const [lo, hi] = bounds(sub(a, b));
  if (hi < 0) return 1;
  if (lo >= 0) return 0;
  return call('lt', [a, b]);
}
/** x where condition ≠ 0, else y. */
export function select(condition: Dim, x: Dim, y: Dim): Dim {
  if (typeof condition === 'number') return condition !== 0 ? x : y;
  return x === y ? x : call('select', [condition, x, y]);
}

const knownBounds = new WeakMap<Sym, readonly [number, number]>();

/** Smallest and largest value the expression can take, by interval arithmetic. */
export function bounds(d: Dim): readonly [number, number] {
  if (typeof d === 'number') return [d, d];
  let known = knownBounds.get(d);
  if (!known) knownBounds.set(d, (known = symBounds(d)));
  return known;
}

function symBounds(d: Sym): readonly [number, number] {
  let lo = d.constant;
  let hi = d.constant;
  for (const t of d.terms) {
    let [a, b] = [t.coef, t.coef];
    for (const atom of t.atoms) {
      const [x, y] = atomBounds(atom);
      const p = [a * x, a * y, b * x, b * y].map((v) => (Number.isNaN(v) ? 0 : v));
      [a, b] = [Math.min(...p), Math.max(...p)];
    }
    lo += a;
    hi += b;
  }
  return [clamp(lo), clamp(hi)];
}

function atomBounds(atom: Atom): readonly [number, number] {
  if (atom.symbol) return [atom.symbol.min, atom.symbol.max];
  const args = atom.args.map(bounds);
  const [a, b, c] = args as [
    readonly [number, number],
    readonly [number, number],
    readonly [number, number],
  ];
  switch (atom.fn) {
    case 'eq':
    case 'lt':
      return [0, 1];
    case 'min':
      return [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    case 'max':
      return [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
    case 'select':
      return [Math.min(b[0], c[0]), Math.max(b[1], c[1])];
    case 'floorDiv':
    case 'ceilDiv':
      if (a[0] >= 0 && b[0] >= 0) return [0, b[0] > 0 ? Math.ceil(a[1] / b[0]) : a[1]];
      return [-LIMIT, LIMIT];
    default:
      return [-LIMIT, LIMIT];
  }
}

/** The one atom that d is, if it is the function `fn`. */
function atomOf(d: Dim, fn: Fn): Atom | null {
  if (typeof d === 'number' || d.constant !== 0 || d.terms.length !== 1) return null;
  const { coef, atoms: factors } = d.terms[0]!;
  return coef === 1 && factors.length === 1 && factors[0]!.fn === fn ? factors[0]! : null;
}

/** x and c of `min(x, c)` with a number c. */
function cutOf(d: Dim): readonly [Dim, number] | null {
  const args = atomOf(d, 'min')?.args ?? [];
  const c = args.find((x) => typeof x === 'number');
  const x = args.find(isSym);
  return c !== undefined && x ? [x, c] : null;
}

/** True where d is the size of a slice from q to p, both cut to one limit, and a = p − q ≥ 0. */
function isSliceOf(d: Dim, a: Dim): boolean {
  const inner = atomOf(d, 'max')?.args.find(isSym) ?? d;
  if (typeof inner === 'number' || inner.constant !== 0 || inner.terms.length !== 2) return false;
  const part = (coef: number): readonly [Dim, number] | null => {
    const term = inner.terms.find((t) => t.coef === coef);
    return term ? cutOf(poly(0, [{ ...term, coef: 1 }])) : null;
  };
  const [p, q] = [part(1), part(-1)];
  return p !== null && q !== null && p[1] === q[1] && sub(p[0], q[0]) === a && bounds(a)[0] >= 0;
}

/**
 * True where d is a after a limit was applied, so no larger than a: `min(a, c)` with c ≥ 1, or the size
 * of a slice of a things that may end at a limit.
 */
export function isMinOf(d: Dim, a: Dim): boolean {
  const rest = atomOf(d, 'min')?.args.filter((x) => x !== a) ?? [];
  return (rest.length === 1 && bounds(rest[0]!)[0] >= 1) || isSliceOf(d, a);
}

/** True for sizes that cannot be 1: by their bounds, or as multiples of a number plus something else. */
export function isNeverOne(d: Dim): boolean {
  const [lo, hi] = bounds(d);
  if (typeof d === 'number' || lo > 1 || hi < 1) return d !== 1;
  const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
  const unit = d.terms.reduce((g, t) => gcd(g, t.coef), 0);
  return (1 - d.constant) % unit !== 0;
}

/** All symbols of an expression. */
export function symbolsOf(d: Dim, into: Set<DimSymbol> = new Set()): Set<DimSymbol> {
  for (const t of termsOf(d))
    for (const a of t.atoms) {
      if (a.symbol) into.add(a.symbol);
      for (const x of a.args) symbolsOf(x, into);
    }
  return into;
}

const FUNCTIONS: Record<Fn, (a: number, b: number, c: number) => number> = {
  floorDiv: floorDivNumber,
  ceilDiv: (a, b) => (b === 0 ? 0 : Math.ceil(a / b)),
  mod: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  eq: (a, b) => (a === b ? 1 : 0),
  lt: (a, b) => (a < b ? 1 : 0),
  select: (a, b, c) => (a !== 0 ? b : c),
};

/** Value of the expression where `of(symbol)` gives each symbol's size. */
export function evaluate(d: Dim, of: (symbol: DimSymbol) => number): number {
  if (typeof d === 'number') return d;
  let sum = d.constant;
  for (const t of d.terms) {
    let p = t.coef;
    for (const a of t.atoms) {
      const v = a.symbol
        ? of(a.symbol)
        : FUNCTIONS[a.fn!](...(a.args.map((x) => evaluate(x, of)) as [number, number, number]));
      p *= v;
    }
    sum += p;
  }
  return clamp(sum);
}

/** Value at every symbol's `typical` size. */
export const typical = (d: Dim): number => evaluate(d, (s) => s.typical);

/** Replaces symbols by sizes or other expressions; symbols mapped to undefined stay. */
export function substitute(d: Dim, of: (symbol: DimSymbol) => Dim | undefined): Dim {
  if (typeof d === 'number') return d;
  let sum: Dim = d.constant;
  for (const t of d.terms) {
    let p: Dim = t.coef;
    for (const a of t.atoms) {
      const value: Dim = a.symbol
        ? (of(a.symbol) ?? symbolDim(a.symbol))
        : apply(
            a.fn!,
            a.args.map((x) => substitute(x, of)),
          );
      p = mul(p, value);
    }
    sum = add(sum, p);
  }
  return sum;
}

function apply(fn: Fn, args: readonly Dim[]): Dim {
  const [a, b, c] = args as [Dim, Dim, Dim];
  if (fn === 'select') return select(a, b, c);
  return { floorDiv, ceilDiv, mod, min, max, eq, lt }[fn](a, b);
}

/** Text form, such as `2*n*s + 1` or `floorDiv(w + 1, 2)`. */
export function format(d: Dim): string {
  if (typeof d === 'number') return `${d}`;
  const parts = d.terms.map((t) => {
    const factors = t.atoms.map((a) =>
      a.symbol ? a.symbol.name : `${a.fn}(${a.args.map(format).join(', ')})`,
    );
    if (t.coef !== 1) factors.unshift(`${t.coef}`);
    return factors.join('*');
  });
  if (d.constant !== 0) parts.push(`${d.constant}`);
  return parts.join(' + ').replaceAll('+ -', '- ');
}

/** Operators of the flat form: a row is (op, a, b, c); a, b, c are rows, or what the op says. */
export const FLAT_OPS = [
  'const', // value a (int32)
  'wide', // value a·2^31 + b
  'symbol', // a = index of the symbol
  'add',
  'mul',
  'floorDiv',
  'ceilDiv',
  'mod',
  'min',
  'max',
  'eq',
  'lt',
  'select', // c rows: a ≠ 0 ? b : c
] as const;
type FlatOp = (typeof FLAT_OPS)[number];
const FLAT = Object.fromEntries(FLAT_OPS.map((name, i) => [name, i])) as Record<FlatOp, number>;

/** Collects expressions into the flat form: rows in evaluation order, each expression once. */
export class DimTable {
  readonly symbols: DimSymbol[] = [];
  readonly rows: number[] = [];
  #seen = new Map<string, number>();

  #row(op: FlatOp, a = 0, b = 0, c = 0): number {
    const key = `${op},${a},${b},${c}`;
    let index = this.#seen.get(key);
    if (index === undefined) {
      index = this.rows.length / 4;
      this.rows.push(FLAT[op], a, b, c);
      this.#seen.set(key, index);
    }
    return index;
  }
  symbol(symbol: DimSymbol): number {
    let i = this.symbols.indexOf(symbol);
    if (i < 0) i = this.symbols.push(symbol) - 1;
    return i;
  }
  /** Row index of the expression. */
  intern(d: Dim): number {
    if (typeof d === 'number') {
      if (Object.is(d | 0, d)) return this.#row('const', d);
      const high = Math.floor(d / 2 ** 31);
      return this.#row('wide', high, d - high * 2 ** 31);
    }
    const known = this.#seen.get(`id${d.id}`);
    if (known !== undefined) return known;
    let sum: number | null = d.constant === 0 ? null : this.intern(d.constant);
    for (const t of d.terms) {
      let p: number | null = t.coef === 1 ? null : this.intern(t.coef);
      for (const a of t.atoms) {
        const args = a.args.map((x) => this.intern(x));
        const v = a.symbol ? this.#row('symbol', this.symbol(a.symbol)) : this.#row(a.fn!, ...args);
        p = p === null ? v : this.#row('mul', p, v);
      }
      sum = sum === null ? p! : this.#row('add', sum, p!);
    }
    this.#seen.set(`id${d.id}`, sum!);
    return sum!;
  }
}

/** Evaluates all rows of a flat table in order; `sizes[i]` is the size of symbol i. */
export function evaluateTable(
  rows: Int32Array,
  sizes: ArrayLike<number>,
  out: Float64Array,
): Float64Array {
  for (let i = 0, j = 0; j < rows.length; i++, j += 4) {
    const a = rows[j + 1]!;
    const b = rows[j + 2]!;
    const x = out[a]!;
    const y = out[b]!;
    let v: number;
    switch (FLAT_OPS[rows[j]!]) {
      case 'const':
        v = a;
        break;
      case 'wide':
        v = a * 2 ** 31 + b;
        break;
      case 'symbol':
        v = sizes[a]!;
        break;
      case 'add':
        v = x + y;
        break;
      case 'mul':
        v = x * y;
        break;
      case 'select':
        v = x !== 0 ? y : out[rows[j + 3]!]!;
        break;
      default:
        v = FUNCTIONS[FLAT_OPS[rows[j]!] as Fn](x, y, 0);
    }
    out[i] = clamp(v);
  }
  return out;
}
