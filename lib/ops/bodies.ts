/** Shared by ops with bodies: types of values that go round a loop, and stacking their results. */
import { type Graph, type TensorType, type Type, type Value, isTensorType } from '../ir/graph.js';
import { type InferContext, type OnnxNode, shapeError, typeError } from '../ir/op.js';
import { type Dim, type DimSymbol, newSymbol, symbolDim, symbolsOf } from '../tensor/dim.js';
import { isStatic, sameShape } from '../tensor/shape.js';
import { type Tensor, sizeOf } from '../tensor/tensor.js';
import { filled, room, walk } from './moving.js';
import { joinItems } from './sequences.js';

export const tensorParts = (t: Type): TensorType | null => (isTensorType(t) ? t : null);

export function sameType(a: Type, b: Type): boolean {
  if (isTensorType(a) && isTensorType(b)) return a.dtype === b.dtype && sameShape(a.shape, b.shape);
  if ('sequence' in a && 'sequence' in b) return sameType(a.sequence, b.sequence);
  if ('optional' in a && 'optional' in b) return sameType(a.optional, b.optional);
  if ('unranked' in a && 'unranked' in b) return a.unranked === b.unranked;
  return 'map' in a && 'map' in b && a.map[0] === b.map[0] && sameType(a.map[1], b.map[1]);
}

/** A tensor of one element, whatever its rank. */
export const isOne = (v: Value | null | undefined): boolean =>
  !!v && isTensorType(v.fact.type) && v.fact.type.shape.every((d) => d === 1);

/** The value that goes round as output `out` of a body has the type of `input`. */
export const staysFixed = (input: Value | null | undefined, ...others: Value[]): boolean =>
  !!input && others.every((v) => sameType(v.fact.type, input.fact.type));

/** `item` is what an index of the axis of `whole` holds. */
export function isSliceOf(item: Value, whole: Value | null | undefined, axis: number): boolean {
  const [a, b] = [tensorParts(item.fact.type), whole && tensorParts(whole.fact.type)];
  const shape = b?.shape.filter((_, i) => i !== axis);
  return !!a && !!b && a.dtype === b.dtype && sameShape(a.shape, shape!);
}

export interface LoopBody {
  /** its inputs: `before`, the carried values, `after`, the captured ones */
  readonly graph: Graph;
  readonly captures: readonly Value[];
}

/**
 * The body of a loop whose carried values start with the types `carried` and come back as outputs
 * `from` and following. Sizes that change on the way become unknown ones.
 */
export function loopBody(
  n: OnnxNode,
  before: readonly Type[],
  carried: readonly Type[],
  after: readonly Type[],
  from: number,
): LoopBody {
  const open = new Set<Dim>();
  let types = carried;
  for (;;) {
    const body = n.graph('body', [...before, ...types, ...after]);
    const back = body.graph.outputs.slice(from, from + carried.length);
    if (back.length < carried.length) shapeError('the body gives back too few values');
    const joined = types.map((t, i): Type => {
      const b = back[i]!.fact.type;
      if (sameType(t, b)) return t;
      if ('sequence' in t && 'sequence' in b) {
        const sequence = joinItems(t.sequence, b.sequence);
        return sameType(sequence, t.sequence) ? t : { sequence };
      }
      if (!isTensorType(t) || !isTensorType(b) || t.dtype !== b.dtype)
        typeError(`the value that goes round as ${i} changes its type`);
      if (t.shape.length !== b.shape.length)
        shapeError(`the value that goes round as ${i} changes its rank`);
      const shape = t.shape.map((d, axis): Dim => {
        if (d === b.shape[axis] || open.has(d)) return d;
        const size = symbolDim(newSymbol(`${n.name}_${i}_${axis}`));
        open.add(size);
        return size;
      });
      return { dtype: t.dtype, shape };
    });
    if (joined.every((t, i) => t === types[i])) return body;
    // each round opens a size at least, so this ends
    types = joined.map((t, i) => (sameType(t, types[i]!) ? types[i]! : t));
    if (types.every((t, i) => sameType(t, body.graph.inputs[before.length + i]!.fact.type)))
      return body;
  }
}

/** Sizes that only exist within a body become unknown ones outside of it. */
export function outside(
  shape: readonly Dim[],
  outer: readonly (Value | { readonly fact: { readonly type: Type } } | null)[],
  ctx: InferContext,
): Dim[] {
  const known = new Set<DimSymbol>();
  for (const v of outer)
    if (v && isTensorType(v.fact.type)) for (const d of v.fact.type.shape) symbolsOf(d, known);
  return shape.map((d, i) =>
    [...symbolsOf(d)].every((s) => known.has(s)) ? d : ctx.fresh(`item_${i}`),
  );
}

/** Index `i` of an axis, which goes. */
export function slice(t: Tensor, axis: number, i: number): Tensor {
  const inner = sizeOf(t.shape.slice(axis + 1));
  const size = t.shape[axis]!;
  const shape = t.shape.filter((_, a) => a !== axis);
  const strides = t.shape.map((_, a) => sizeOf(t.shape.slice(a + 1))).filter((_, a) => a !== axis);
  const data = room(t, sizeOf(shape));
  if (i < 0 || i >= size) shapeError(`index ${i} of an axis of ${size}`);
  walk(shape, strides, i * inner, (at, k) => (data[k] = t.data[at]));
  return filled(t, shape, data);
}

/** Tensors of one shape along a new axis; `type` gives the shape where there are none. */
export function stack(parts: readonly Tensor[], axis: number, type: TensorType): Tensor {
  const first = parts[0];
  const shape = first?.shape ?? (isStatic(type.shape) ? type.shape : type.shape.map(() => 0));
  const model: Tensor = first ?? { dtype: type.dtype, shape, data: [] };
  const full = [...shape.slice(0, axis), parts.length, ...shape.slice(axis)];
  const data = room(model, sizeOf(full));
  const inner = sizeOf(shape.slice(axis));
  parts.forEach((t, i) => {
    if (!sameShape(t.shape, shape))
      shapeError(
        `items of a loop's result have the shapes [${shape.join()}] and [${t.shape.join()}]`,
      );
    for (let k = 0; k < t.data.length; k++) {
      const outer = Math.floor(k / inner);
      data[(outer * parts.length + i) * inner + (k % inner)] = t.data[k];
    }
  });
  return filled(model, full, data);
}
