/** Reading maps in operators. */
import type { Fact } from '../ir/graph.js';
import { isTensorType } from '../ir/graph.js';
import { typeError } from '../ir/op.js';
import type { DType } from '../tensor/dtype.js';
import { type MapKey, type MapValue, mapOf } from '../tensor/map.js';
import type { Tensor } from '../tensor/tensor.js';

/** Types of the keys and values of input i. */
export function mapAt(inputs: readonly (Fact | null)[], i: number): readonly [DType, DType] {
  const type = inputs[i]?.type;
  if (!type || !('map' in type)) typeError(`input ${i} must be a map`);
  const [key, value] = type.map;
  const dtype = isTensorType(value) ? value.dtype : 'unranked' in value ? value.unranked : null;
  return [key, dtype ?? typeError(`input ${i} holds no elements`)];
}

export const mapIn = (t: Tensor | null | undefined): ReadonlyMap<MapKey, MapValue> =>
  (t && mapOf(t)) ?? typeError('expected a map');
