/** Einsum as sums, transpositions and matrix products, two operands at a time from the left. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { Concat } from './concat.js';
import type { Label, Terms } from './einsum-terms.js';
import { MatMul } from './mat-mul.js';
import { Mul } from './mul.js';
import { ReduceSum } from './reduce-sum.js';
import { Reshape } from './reshape.js';
import { Shape } from './shape.js';
import { int64s } from './sizes.js';
import { Transpose } from './transpose.js';
import { Unsqueeze } from './unsqueeze.js';

interface Term {
  readonly value: Value;
  readonly labels: readonly Label[];
}

/** Summed over the axes not in `kept`. */
function summed({ value, labels }: Term, kept: ReadonlySet<Label>): Term {
  const axes = labels.map((_, i) => i).filter((i) => !kept.has(labels[i]!));
  if (axes.length === 0) return { value, labels };
  return {
    value: apply(ReduceSum, { axes, keepdims: false }, [value]),
    labels: labels.filter((l) => kept.has(l)),
  };
}

/** With the axes in the order of `labels`; those it lacks have size 1. */
function arranged(term: Term, labels: readonly Label[]): Value {
  const own = labels.filter((l) => term.labels.includes(l));
  const perm = own.map((l) => term.labels.indexOf(l));
  const turned = perm.every((a, i) => a === i)
    ? term.value
    : apply(Transpose, { perm }, [term.value]);
  const axes = labels.map((_, i) => i).filter((i) => !own.includes(labels[i]!));
  return axes.length === 0 ? turned : apply(Unsqueeze, { axes }, [turned]);
}

const sizes = (v: Value, start: number, end: number): Value => apply(Shape, { start, end }, [v]);
const reshapedTo = (v: Value, parts: readonly Value[]): Value =>
  apply(Reshape, { allowzero: true }, [v, apply(Concat, { axis: 0 }, parts)]);

/** Axes start…start+count−1 as one. */
function joined(v: Value, start: number, count: number): Value {
  if (count === 1) return v;
  const rank = shapeOf(v).length;
  return count === 0
    ? apply(Unsqueeze, { axes: [start] }, [v])
    : reshapedTo(v, [sizes(v, 0, start), int64s([-1]), sizes(v, start + count, rank)]);
}

/** Σ over `inner` of a·b; both have the axes `batch` as theirs, a also `rows`, b also `columns`. */
function product(
  a: Term,
  b: Term,
  batch: Label[],
  rows: Label[],
  columns: Label[],
  inner: Label[],
): Term {
  const n = batch.length;
  const left = arranged(a, [...batch, ...rows, ...inner]);
  const right = arranged(b, [...batch, ...inner, ...columns]);
  const stack = joined(joined(left, n + rows.length, inner.length), n, rows.length);
  const other = joined(joined(right, n + inner.length, columns.length), n, inner.length);
  const y = apply(MatMul, { stages: [] }, [stack, other]);
  const labels = [...batch, ...rows, ...columns];
  if (rows.length === 1 && columns.length === 1) return { value: y, labels };
  const value = reshapedTo(y, [
    sizes(y, 0, n),
    sizes(left, n, n + rows.length),
    sizes(right, n + inner.length, n + inner.length + columns.length),
  ]);
  return { value, labels };
}

/** Sizes that are 1 in one operand may be larger in another; only where nothing is summed is that plain. */
const repeats = (a: Term, b: Term, label: Label): boolean => {
  const of = (t: Term): unknown => shapeOf(t.value)[t.labels.indexOf(label)];
  return of(a) !== of(b);
};

/** Two operands as one with the axes `kept`; null where an axis that is summed would be repeated. */
function merged(a: Term, b: Term, kept: ReadonlySet<Label>): Term | null {
  const [left, right] = [new Set(a.labels), new Set(b.labels)];
  const p = summed(a, new Set([...kept, ...right]));
  const q = summed(b, new Set([...kept, ...left]));
  const shared = p.labels.filter((l) => right.has(l));
  const inner = shared.filter((l) => !kept.has(l));
  const batch = shared.filter((l) => kept.has(l));
  if (inner.some((l) => repeats(p, q, l))) return null;
  const rows = p.labels.filter((l) => !right.has(l));
  const columns = q.labels.filter((l) => !left.has(l));
  if (inner.length > 0) return product(p, q, batch, rows, columns, inner);
  const labels = [...batch, ...rows, ...columns];
  return { value: apply(Mul, {}, [arranged(p, labels), arranged(q, labels)]), labels };
}

/** The output as nodes; null for diagonals and sums over repeated axes. */
export function contracted({ inputs, output }: Terms, values: readonly Value[]): Value | null {
  if (inputs.some((labels) => new Set(labels).size < labels.length)) return null;
  let sum: Term = { value: values[0]!, labels: inputs[0]! };
  for (let i = 1; i < values.length; i++) {
    const kept = new Set([...output, ...inputs.slice(i + 1).flat()]);
    const next = merged(sum, { value: values[i]!, labels: inputs[i]! }, kept);
    if (!next) return null;
    sum = next;
  }
  return arranged(summed(sum, new Set(output)), output);
}
