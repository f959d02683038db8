/**
 * Ensembles of decision trees as tables of the kernel (native/ops/trees.cpp). Every comparison becomes
 * `v <= threshold`, where v is an element of the row or a negated one, so that what is not less or equal
 * (NaN too) goes to the second child:
 *
 *   x <= t, NaN to the false side   x  <= t        [true, false]
 *   x <= t, NaN to the true side    −x <= below −t [false, true]
 *
 * and so on; x = t is two of them. Children stand side by side. A tree's places are relative to its root.
 */
import { raise } from '../errors.js';
import { type Tensor, tensor } from '../tensor/tensor.js';

export type Comparison = 'LEQ' | 'LT' | 'GTE' | 'GT' | 'EQ' | 'NEQ' | 'MEMBER';

/** Trees as ONNX describes them. Node and leaf numbers are indices. */
export interface Ensemble {
  /** places where trees begin */
  readonly roots: readonly Child[];
  readonly comparison: readonly Comparison[];
  readonly feature: readonly number[];
  readonly threshold: ArrayLike<number>;
  /** NaN goes to the true side */
  readonly missing: readonly boolean[];
  readonly whenTrue: readonly Child[];
  readonly whenFalse: readonly Child[];
  /** values of a MEMBER node */
  readonly members?: ReadonlyMap<number, readonly number[]>;
  /** weights of each leaf */
  readonly leaves: readonly (readonly Weight[])[];
}
/** n ≥ 0: node n; else leaf ~n. */
export type Child = number;
export type Weight = readonly [target: number, weight: number];

/** Constants of a Trees node, in the order of its inputs after x. */
export interface Forest {
  readonly dtype: 'float32' | 'float64';
  readonly tables: readonly Tensor[];
  /** places of the largest tree, rounded up to a power of two */
  readonly window: number;
}

/** A comparison in terms of the kernel's. */
interface Split {
  readonly slot: number;
  readonly threshold: number;
  readonly children: readonly [Place, Place];
}
/** What stands at a place: a node or leaf of the ensemble, or a part of a node's comparison. */
type Place = Child | Split;

const MOST = { float32: (2 - 2 ** -23) * 2 ** 127, float64: Number.MAX_VALUE } as const;
const LEAST_NORMAL = { float32: 2 ** -126, float64: 2 ** -1022 } as const;
/** Places and slots that the narrow node of float32 has. */
const NARROW = 65536;
/** Most places of all trees. */
const LIMIT = 2 ** 30;

const bits = new DataView(new ArrayBuffer(8));
/** The greatest float64 below x, which is finite. */
function belowDouble(x: number): number {
  if (x === 0) return -Number.MIN_VALUE;
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (x > 0 ? -1n : 1n));
  return bits.getFloat64(0);
}
/** The greatest float32 below x, a finite float32. */
function belowSingle(x: number): number {
  if (x === 0) return -(2 ** -149);
  bits.setFloat32(0, x);
  bits.setInt32(0, bits.getInt32(0) + (x > 0 ? -1 : 1));
  return bits.getFloat32(0);
}

/** The greatest number of the type that is ≤ t, or < t; NaN where there is none. Subnormals count as 0. */
function bound(dtype: Forest['dtype'], t: number, strict: boolean): number {
  const single = dtype === 'float32';
  let r = single ? Math.fround(t) : t;
  if (strict && t === -Infinity) return NaN;
  if (r > t || (strict && r === t))
    r = r === Infinity ? MOST[dtype] : single ? belowSingle(r) : belowDouble(r);
  const least = LEAST_NORMAL[dtype];
  if (Math.abs(r) < least) return r < 0 ? -least : 0;
  return r;
}

class Layout {
  readonly slots: number[] = [-1];
  readonly #slotOf = new Map<number, number>();
  readonly roots: number[] = [];
  readonly threshold: number[] = [];
  readonly slot: number[] = [];
  readonly child: number[] = [];
  readonly entry: number[] = [];
  largest = 1;
  readonly #e: Ensemble;
  readonly #dtype: Forest['dtype'];
  readonly #entries: ArrayLike<number>;

  constructor(e: Ensemble, dtype: Forest['dtype'], entries: ArrayLike<number>) {
    this.#e = e;
    this.#dtype = dtype;
    this.#entries = entries;
    for (const root of e.roots) this.#tree(root);
  }

  #slot(feature: number, negated: boolean): number {
    const key = feature * 2 + Number(negated);
    let slot = this.#slotOf.get(key);
    if (slot === undefined) this.#slotOf.set(key, (slot = this.slots.push(key) - 1));
    return slot;
  }

  /** Where the comparison holds go to `yes`, else to `no`; NaN to `yes` or `no` as `missing` says. */
  #compare(
    kind: 'LEQ' | 'LT' | 'GTE' | 'GT',
    feature: number,
    t: number,
    missing: boolean,
    yes: Place,
    no: Place,
  ): Place {
    const greater = kind === 'GTE' || kind === 'GT';
    if (Number.isNaN(t)) {
      const nan = this.#slot(feature, false);
      return missing ? { slot: nan, threshold: Infinity, children: [no, yes] } : no;
    }
    // the side that NaN must take stands second, so `first` is where the kernel's comparison holds
    const holdsFirst = !missing;
    const negated = greater === holdsFirst;
    const strict = (kind === 'LT' || kind === 'GT') === holdsFirst;
    return {
      slot: this.#slot(feature, negated),
      threshold: bound(this.#dtype, negated ? -t : t, strict),
      children: holdsFirst ? [yes, no] : [no, yes],
    };
  }

  #equal(feature: number, t: number, missing: boolean, yes: Place, no: Place): Place {
    if (Number.isNaN(t)) return this.#compare('LEQ', feature, t, missing, yes, no);
    const least = this.#compare('GTE', feature, t, missing, yes, no);
    return this.#compare('LEQ', feature, t, missing, least, no);
  }

  #expand(n: number): Place {
    const { comparison, feature, threshold, missing, whenTrue, whenFalse, members } = this.#e;
    const [kind, f, t, nan] = [comparison[n]!, feature[n]!, threshold[n]!, missing[n]!];
    const [yes, no] = [whenTrue[n]!, whenFalse[n]!];
    if (kind === 'EQ') return this.#equal(f, t, nan, yes, no);
    // NaN is not equal to anything
    if (kind === 'NEQ') return this.#equal(f, t, false, no, yes);
    if (kind !== 'MEMBER') return this.#compare(kind, f, t, nan, yes, no);
    const list = members?.get(n) ?? [];
    const last = list.at(-1);
    if (last === undefined) return this.#compare('LEQ', f, NaN, nan, yes, no);
    let place = this.#equal(f, last, nan, yes, no);
    for (let i = list.length - 2; i >= 0; i--) place = this.#equal(f, list[i]!, nan, yes, place);
    return place;
  }

  #grow(): number {
    this.threshold.push(Infinity);
    this.slot.push(0);
    this.child.push(0);
    return this.entry.push(-1) - 1;
  }

  #tree(root: Child): void {
    const base = this.#grow();
    const placed = new Map<Child | Split, number>();
    const queue: [number, Place][] = [[base, root]];
    for (let i = 0; i < queue.length; i++) {
      const [at, what] = queue[i]!;
      let place: Place = what;
      this.child[at] = at - base;
      if (typeof place === 'number' && place < 0) {
        this.entry[at] = this.#entries[~place]!;
        continue;
      }
      const known = placed.get(place);
      if (known !== undefined) {
        this.child[at] = known - base;
        continue;
      }
      placed.set(place, at);
      if (typeof place === 'number') place = this.#expand(place);
      // a comparison that cannot hold leads on without a look at the row
      if (typeof place === 'number') {
        const next = this.#grow();
        this.#grow();
        this.child[at] = next - base;
        this.child[next + 1] = next + 1 - base;
        queue.push([next, place]);
        continue;
      }
      const first = this.#grow();
      this.#grow();
      this.slot[at] = place.slot;
      this.threshold[at] = place.threshold;
      this.child[at] = first - base;
      queue.push([first, place.children[0]], [first + 1, place.children[1]]);
      if (this.entry.length > LIMIT)
        raise('HAIO_E_LIMIT', { what: 'nodes of trees', got: this.entry.length, limit: LIMIT });
    }
    const places = this.entry.length - base;
    this.largest = Math.max(this.largest, places);
    this.roots.push(base, this.#depth(base, places));
  }

  /** Steps of the longest way from the root to a leaf. The places have no circle. */
  #depth(base: number, places: number): number {
    const height = new Int32Array(places).fill(-1);
    const stack = [0];
    for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
      const child = this.child[base + at]!;
      const next = child === at ? [] : this.slot[base + at] === 0 ? [child] : [child, child + 1];
      const open = next.filter((n) => height[n] === -1);
      if (open.length > 0) stack.push(...open);
      else {
        height[at] = next.reduce((most, n) => Math.max(most, height[n]! + 1), 0);
        stack.pop();
      }
    }
    return height[0]!;
  }
}

const power = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** Weights of all leaves one after the other; the last target of a leaf is complemented. */
function weightsOf(leaves: Ensemble['leaves']): {
  first: Int32Array;
  targets: number[];
  weights: number[];
} {
  const targets: number[] = [];
  const weights: number[] = [];
  const first = Int32Array.from(leaves, (list) => {
    if (list.length === 0) return -1;
    const at = targets.length;
    list.forEach(([target, weight], i) => {
      targets.push(i === list.length - 1 ? ~target : target);
      weights.push(weight);
    });
    return at;
  });
  if (targets.length === 0) {
    targets.push(~0);
    weights.push(0);
  }
  return { first, targets, weights };
}

/**
 * The tables for rows of `dtype`. Trees that are too large for the narrow nodes of float32 get those of
 * float64, in which the caller must then compute.
 */
export function forestOf(e: Ensemble, dtype: Forest['dtype']): Forest {
  const { first, targets, weights } = weightsOf(e.leaves);
  const l = new Layout(e, dtype, first);
  const window = power(l.largest + 1);
  const slots = power(l.slots.length);
  const narrow = dtype === 'float32';
  if (narrow && (window > NARROW || slots > NARROW)) return forestOf(e, 'float64');
  const count = l.entry.length + window + 1;
  const bytes = new ArrayBuffer(count * (narrow ? 8 : 16));
  const view = new DataView(bytes);
  l.entry.forEach((_, i) => {
    if (narrow) {
      view.setFloat32(i * 8, l.threshold[i]!, true);
      view.setUint16(i * 8 + 4, l.slot[i]!, true);
      view.setUint16(i * 8 + 6, l.child[i]!, true);
    } else {
      view.setFloat64(i * 16, l.threshold[i]!, true);
      view.setUint32(i * 16 + 8, l.slot[i]!, true);
      view.setUint32(i * 16 + 12, l.child[i]!, true);
    }
  });
  const int32s = (list: ArrayLike<number>, shape: readonly number[]): Tensor =>
    tensor('int32', shape, Int32Array.from(list));
  const entries = new Int32Array(count).fill(-1);
  entries.set(l.entry);
  const slotList = new Int32Array(slots).fill(-1);
  slotList.set(l.slots);
  return {
    dtype,
    window,
    tables: [
      tensor('int64', [count, narrow ? 1 : 2], new BigInt64Array(bytes)),
      int32s(l.roots, [l.roots.length / 2, 2]),
      int32s(slotList, [slots]),
      int32s(entries, [count]),
      int32s(targets, [targets.length]),
      tensor(
        dtype,
        [weights.length],
        narrow ? Float32Array.from(weights) : Float64Array.from(weights),
      ),
    ],
  };
}
