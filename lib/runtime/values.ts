/** Tensors, sequences and optionals between the caller and `eval`: see lib/tensor/sequence.ts. */
import type { Declared } from '../onnx/import.js';
import { itemsOf, sequenceOf } from '../tensor/sequence.js';
import type { Tensor as Plain } from '../tensor/tensor.js';
import { type Tensor, type TensorLike, plainOf, publicOf } from './tensor.js';

/** A tensor; a sequence as a list; an optional as its value or null. */
export type Feed = TensorLike | readonly Feed[] | null;
/** As Feed, of haio's own tensors. */
export type Output = Tensor | readonly Output[] | null;

/** 'float32[n,3]', 'sequence of float32[n,3]'. */
export const formatDeclared = ({ dtype, shape, element }: Declared): string =>
  element ? `${dtype} of ${formatDeclared(element)}` : `${dtype}[${shape.join(',')}]`;

/** The value as `eval` takes it, or null where it is not of the declared type. */
export function feedOf(value: unknown, declared: Declared): Plain | null {
  const { dtype, shape, unranked, element } = declared;
  if (element && dtype === 'optional') {
    if (value === null || value === undefined) return sequenceOf([]);
    const inner = feedOf(value, element);
    return inner && sequenceOf([inner]);
  }
  if (element && dtype === 'sequence') {
    if (!Array.isArray(value)) return null;
    const items = value.map((x) => feedOf(x, element));
    return items.every((x) => x !== null) ? sequenceOf(items) : null;
  }
  const t = plainOf(value);
  const fits =
    t?.dtype === dtype &&
    (unranked || t.shape.length === shape.length) &&
    shape.every((d, i) => typeof d === 'string' || d === t.shape[i]);
  return fits ? t : null;
}

/** What `eval` gave, of the declared type, for the caller. */
export function outputOf(t: Plain, { dtype, element }: Declared): Output {
  if (!element || dtype === 'map') return publicOf(t);
  const items = itemsOf(t).map((x) => outputOf(x, element));
  return dtype === 'optional' ? (items[0] ?? null) : items;
}
