/** Rotary position embeddings (Su et al. 2021) of heads, from tables of cosines and sines. */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { Cos } from './cos.js';
import { cut, every, joined, unsqueezed } from './arrange.js';
import { cast, minus, plus, times } from './formula.js';
import { reshaped } from './reshape.js';
import { Sin } from './sin.js';

/** Rows of the tables for each position of x, broadcastable to [B, 1, L, R / 2]. */
export interface Rotation {
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * x [B, H, L, D] with pairs of its first R elements turned: elements i and i + R / 2, or 2·i and
 * 2·i + 1 where they are interleaved. What lies behind stays.
 */
export function rotated(x: Value, { cos, sin }: Rotation, interleaved: boolean): Value {
  const half = shapeOf(cos).at(-1)!;
  const all = D.mul(2, half);
  const shape = shapeOf(x);
  const front = cut(x, 3, 0, all);
  const [a, b] = interleaved
    ? [every(front, 3, 0, 2), every(front, 3, 1, 2)]
    : [cut(front, 3, 0, half), cut(front, 3, half, all)];
  const [p, q] = [minus(times(a, cos), times(b, sin)), plus(times(b, cos), times(a, sin))];
  const turned = interleaved
    ? reshaped(joined(4, unsqueezed(p, 4), unsqueezed(q, 4)), [...shape.slice(0, 3), all])
    : joined(3, p, q);
  return all === shape[3] ? turned : joined(3, turned, cut(x, 3, all, shape[3]!));
}

/** The rotation at `positions` [L] of `size` elements where there are no tables: base 10000. */
export function rotationAt(positions: Value, size: number, like: Value): Rotation {
  const half = size / 2;
  const steps = Array.from({ length: half }, (_, i) => 10000 ** (-i / half));
  const column = reshaped(cast(positions, 'float32'), [-1, 1]);
  const angles = times(column, literal('float32', [1, half], steps));
  const table = (v: Value): Value =>
    cast(reshaped(v, [1, 1, ...shapeOf(v)] as Dim[]), dtypeOf(like));
  return { cos: table(apply(Cos, {}, [angles])), sin: table(apply(Sin, {}, [angles])) };
}
