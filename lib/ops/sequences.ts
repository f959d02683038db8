/** Types and positions of sequences, shared by their operators. */
import { type Fact, type Type, isTensorType } from '../ir/graph.js';
import { type InferContext, shapeError, typeError } from '../ir/op.js';
import { type Dim, newSymbol, symbolDim } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { type Tensor, toNumbers } from '../tensor/tensor.js';

/** In the type of items: a size that differs from item to item. */
export const VARIES: Dim = symbolDim(newSymbol('varies'));

/** Type of the items of sequence i. */
export function itemAt(inputs: readonly (Fact | null)[], i: number): Type {
  const fact = inputs[i];
  if (!fact) typeError(`input ${i} is missing`);
  return 'sequence' in fact.type ? fact.type.sequence : typeError(`input ${i} must be a sequence`);
}

const dtypeOf = (t: Type): DType | null =>
  isTensorType(t) ? t.dtype : 'unranked' in t ? t.unranked : null;

/** A type for items of both types: sizes that differ vary; of different ranks, none is known. */
export function joinItems(a: Type, b: Type): Type {
  const dtype = dtypeOf(a);
  if (dtype === null || dtype !== dtypeOf(b))
    typeError(`items of different types: ${dtype ?? 'no tensor'} and ${dtypeOf(b) ?? 'no tensor'}`);
  if (!isTensorType(a)) return b;
  if (!isTensorType(b)) return a;
  if (a.shape.length !== b.shape.length) return { unranked: dtype };
  return { dtype, shape: a.shape.map((d, i) => (d === b.shape[i] ? d : VARIES)) };
}

/** The type of one item: sizes that vary are new ones. */
export function oneItem(item: Type, ctx: InferContext): Type {
  if ('unranked' in item) shapeError('the rank of the items is not known');
  if (!isTensorType(item)) return item;
  const shape = item.shape.map((d, i) => (d === VARIES ? ctx.fresh(`item_${i}`) : d));
  return { dtype: item.dtype, shape };
}

/** A position counted from the start; HAIO_E_SHAPE unless it is in 0…limit. */
export function positionOf(t: Tensor, count: number, limit: number): number {
  const given = toNumbers(t)[0]!;
  const at = given < 0 ? given + count : given;
  return at >= 0 && at <= limit
    ? at
    : shapeError(`position ${given} is outside of a sequence of ${count}`);
}
