/**
 * Keys and values of the past and new ones behind them, [B, H, L, D]. Where the past has the length of
 * what it holds, that is a Concat along the sequence; in a buffer of fixed length new rows replace
 * others from a row on that only the run knows.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { expanded, joined } from './arrange.js';
import { range } from './attend.js';
import { plus } from './formula.js';
import { reshaped } from './reshape.js';
import { ScatterElements } from './scatter-elements.js';

/** The past, if any, and `fresh` behind it. */
export const appended = (past: Value | null | undefined, fresh: Value): Value =>
  past ? joined(2, past, fresh) : fresh;

/** `buffer` with the rows from start[b] on replaced by `fresh`; `start` is int64, [B] or [1]. */
export function replaced(buffer: Value, fresh: Value, start: Value): Value {
  const rows = reshaped(range(0, shapeOf(fresh)[2]!), [1, 1, -1, 1]);
  const places = plus(reshaped(start, [-1, 1, 1, 1]), rows);
  const inputs = [buffer, expanded(places, shapeOf(fresh)), fresh];
  return apply(ScatterElements, { axis: 2, reduction: 'none' }, inputs);
}
