/**
 * Tensors, sequences, optionals and maps between the caller and `eval`: see lib/tensor/sequence.ts and
 * map.ts.
 */
import type { Declared } from '../onnx/import.js';
import type { DType } from '../tensor/dtype.js';
import { type MapKey, type MapValue, mapOf, mapTensor } from '../tensor/map.js';
import { itemsOf, sequenceOf } from '../tensor/sequence.js';
import type { Tensor as Plain } from '../tensor/tensor.js';
import { type Tensor, type TensorLike, plainOf, publicOf } from './tensor.js';

/** Elements of int64 are bigints. */
export type OutputMap = ReadonlyMap<MapKey, MapValue>;
/** A tensor; a sequence as a list; an optional as its value or null; a map as a Map. */
export type Feed = TensorLike | readonly Feed[] | OutputMap | null;
/** As Feed, of haio's own tensors. */
export type Output = Tensor | readonly Output[] | OutputMap | null;

/** 'float32[n,3]', 'sequence of float32[n,3]'. */
export const formatDeclared = ({ dtype, shape, element, unranked }: Declared): string => {
  if (element) return `${dtype} of ${formatDeclared(element)}`;
  return unranked ? `${dtype} of any rank` : `${dtype}[${shape.join(',')}]`;
};

/** Keys and values of a map are of these types: strings, bigints for int64, else numbers. */
const isElement = (x: unknown, dtype: DType | undefined): boolean =>
  typeof x === (dtype === 'string' ? 'string' : dtype === 'int64' ? 'bigint' : 'number');

function mapFeed(value: unknown, key: DType | undefined, element: Declared): Plain | null {
  if (!(value instanceof Map)) return null;
  const fits = [...(value as Map<unknown, unknown>)].every(
    ([k, v]) => isElement(k, key) && isElement(v, element.dtype as DType),
  );
  return fits ? mapTensor(new Map(value) as OutputMap) : null;
}

/** The value as `eval` takes it, or null where it is not of the declared type. */
export function feedOf(value: unknown, declared: Declared): Plain | null {
  const { dtype, shape, unranked, element, key } = declared;
  if (element && dtype === 'map') return mapFeed(value, key, element);
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
  if (dtype === 'map') return mapOf(t);
  if (!element) return publicOf(t);
  const items = itemsOf(t).map((x) => outputOf(x, element));
  return dtype === 'optional' ? (items[0] ?? null) : items;
}
