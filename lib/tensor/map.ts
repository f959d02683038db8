/** Maps as `eval` and the public API see them; like sequences they stand where a tensor stands. */
import type { Tensor } from './tensor.js';

/** Keys of int64 maps are bigints. */
export type MapKey = string | bigint;
export type MapValue = string | number | bigint;

class MapItem extends Array<ReadonlyMap<MapKey, MapValue>> {}

export const mapTensor = (map: ReadonlyMap<MapKey, MapValue>): Tensor => ({
  dtype: 'string',
  shape: [],
  data: MapItem.from([map]) as unknown as readonly string[],
});

/** The map that `mapTensor` was given, or null for tensors and sequences. */
export const mapOf = (t: Tensor): ReadonlyMap<MapKey, MapValue> | null =>
  (t.data as unknown) instanceof MapItem ? (t.data as unknown as MapItem)[0]! : null;
