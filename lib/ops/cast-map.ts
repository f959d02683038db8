/** CastMap (ONNX): the values of a map by ascending key; sparse: each at the place of its key. */
import { type OnnxNode, defineOp, typeError } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import type { MapValue } from '../tensor/map.js';
import { tensor } from '../tensor/tensor.js';
import { badAttribute, oneOf } from './forest-read.js';
import { mapAt, mapIn } from './maps.js';
import { filled, room } from './moving.js';

export interface CastMapAttrs {
  readonly to: DType;
  /** number of places; null: as many as values */
  readonly places: number | null;
}

const CASTS = { TO_FLOAT: 'float32', TO_STRING: 'string', TO_INT64: 'int64' } as const;
/** What stands where there is no value. */
const NONE: Partial<Record<DType, unknown>> = { float32: 0, string: '0.f', int64: 0n };

function converted(v: MapValue, to: DType): unknown {
  if (to === 'string') return typeof v === 'string' ? v : Number(v).toFixed(6);
  const number = Number(v);
  return to === 'float32' ? number : BigInt(Math.trunc(number));
}

function read(n: OnnxNode): CastMapAttrs {
  const casts = Object.keys(CASTS) as (keyof typeof CASTS)[];
  const to = CASTS[oneOf(n, 'cast_to', casts, 'TO_FLOAT')];
  if (oneOf(n, 'map_form', ['DENSE', 'SPARSE'], 'DENSE') === 'DENSE') return { to, places: null };
  const places = n.int('max_map', 1);
  if (!(places >= 0 && places < 2 ** 28)) badAttribute(n, 'max_map', 'a size', `${places}`);
  return { to, places };
}

export const CastMap = defineOp<CastMapAttrs>({
  name: 'CastMap',
  infer(inputs, { to, places }, ctx) {
    if (mapAt(inputs, 0)[0] !== 'int64') typeError('the keys must be int64');
    const width: Dim = places ?? ctx.fresh('values');
    return [{ type: { dtype: to, shape: [1, width] } }];
  },
  eval([x], { to, places }) {
    const entries = [...mapIn(x)].map(([k, v]) => [Number(k), converted(v, to)] as const);
    entries.sort(([a], [b]) => a - b);
    const width = places ?? entries.length;
    const like = tensor(to, [0], []);
    const data = room(like, width).fill(NONE[to]);
    entries.forEach(([key, v], i) => {
      const at = places === null ? i : key;
      if (at >= 0 && at < width) data[at] = v;
    });
    return [filled(like, [1, width], data)];
  },
  onnx: [{ type: 'CastMap', domain: 'ai.onnx.ml', since: 1, read }],
});
