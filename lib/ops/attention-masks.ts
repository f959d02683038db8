/** The forms in which onnxruntime's attention operators take masks, as numbers to add to scores. */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { And } from './and.js';
import { cut, expanded, joined } from './arrange.js';
import { maskWhere, range } from './attend.js';
import { pinned } from './facts.js';
import { cast, scalarLike } from './formula.js';
import { GreaterOrEqual } from './greater-or-equal.js';
import { Greater } from './greater.js';
import { Less } from './less.js';
import { reshaped } from './reshape.js';

/** Sizes that a mask refers to. */
export interface MaskSizes {
  readonly batch: Dim;
  /** queries */
  readonly rows: Dim;
  /** keys, those of the past included */
  readonly keys: Dim;
  /** keys of the past */
  readonly past: Dim;
}

/**
 * The attribute mask_filter_value where the mask forbids a key, else 0; broadcasts to [B, H, Lq, Lk].
 * Masks: [B] number of keys, [2·B] those and where they start (padding on the left), [3·B + 2] (the
 * first B count), [B, Lk], [B, Lq, Lk], [B, 1, M, M] of which rows from `past` on are used.
 */
export function maskOf(n: OnnxNode, mask: Value, like: Value, sizes: MaskSizes): Value {
  const low = n.float('mask_filter_value', -10000);
  const shape = shapeOf(mask);
  if (shape.length === 1) return maskWhere(seenByCount(mask, sizes), like, low);
  const seen = apply(Greater, {}, [mask, scalarLike(mask, 0)]);
  const forms: Record<number, () => Value> = {
    2: () => reshaped(seen, [shape[0]!, 1, 1, shape[1]!]),
    3: () => reshaped(seen, [shape[0]!, 1, shape[1]!, shape[2]!]),
    4: () => cut(cut(seen, 2, sizes.past, D.add(sizes.past, sizes.rows)), 3, 0, sizes.keys),
  };
  return maskWhere((forms[shape.length] ?? rankError(shape.length))(), like, low);
}

const rankError = (rank: number): never => shapeError(`a mask has 1 to 4 axes, got ${rank}`);

/** Which keys are seen, [B, 1, 1, Lk]. */
function seenByCount(mask: Value, { batch, keys }: MaskSizes): Value {
  const [size] = shapeOf(mask) as [Dim];
  const column = (from: Dim, to: Dim): Value =>
    cast(reshaped(cut(mask, 0, from, to), [batch, 1, 1, 1]), 'int64');
  const place = range(0, keys);
  const before = apply(Less, {}, [place, column(0, batch)]);
  if (size === batch || pinned(size) !== 2 * pinned(batch)) return before;
  const after = apply(GreaterOrEqual, {}, [place, column(batch, size)]);
  return apply(And, {}, [before, after]);
}

/** A mask or bias of the keys that count as one of all that a buffer has room for: 0 behind them. */
export function widened(mask: Value, keys: Dim): Value {
  const shape = shapeOf(mask);
  const last = shape.length - 1;
  const more = D.max(0, D.sub(keys, shape[last]!));
  if (more === 0 || shape[last] === 1) return mask;
  return joined(last, mask, expanded(scalarLike(mask, 0), shape.with(last, more)));
}

/** A bias of scores in their type. */
export const biasOf = (bias: Value | null | undefined, like: Value): Value | null =>
  bias ? cast(bias, dtypeOf(like)) : null;
