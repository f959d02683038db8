/**
 * SparseAttention (com.microsoft, Phi-3-small): GroupQueryAttention of which a layout of blocks, one for each
 * head in turn, says what a query sees. Layouts are in CSR form, [layouts, blocks + 1] and [layouts, most].
 */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { transposed } from './arrange.js';
import { maskWhere, range } from './attend.js';
import { numbersOf, pinned } from './facts.js';
import { importOnly, minus, plus } from './formula.js';
import { Gather } from './gather.js';
import { type Place, groupQueryAttention } from './group-query-attention.js';
import { Div } from './div.js';
import { reshaped } from './reshape.js';

interface Layouts {
  readonly count: number;
  /** blocks on each side of a layout */
  readonly blocks: number;
  /** 1 where a row of blocks sees a column, [layouts, blocks, blocks] */
  readonly seen: Uint8Array;
}

/** Elements of all layouts at most. */
const LIMIT = 2 ** 26;

function layoutsOf(n: OnnxNode): Layouts {
  const [rows, columns] = [n.inputs[5], n.inputs[6]];
  const [count, ends] = shapeOf(rows!).map(pinned) as [number, number];
  const [starts, places] = [numbersOf(n, rows)!, numbersOf(n, columns)!];
  const [blocks, most] = [ends - 1, places.length / count];
  if (blocks < 1 || count * blocks * blocks > LIMIT)
    shapeError(`${count} layouts of ${blocks} blocks`);
  const seen = new Uint8Array(count * blocks * blocks);
  for (let l = 0; l < count; l++)
    for (let r = 0; r < blocks; r++)
      for (let i = starts[l * ends + r]!; i < Math.min(starts[l * ends + r + 1]!, most); i++) {
        const column = places[l * most + i]!;
        if (column >= 0 && column < blocks) seen[(l * blocks + r) * blocks + column] = 1;
      }
  return { count, blocks, seen };
}

/** −∞ at the keys of blocks that a head's layout leaves out, [B or 1, H, Lq, keys]. */
function hidden(n: OnnxNode, layouts: Layouts, q: Value, keys: Dim, place: Place): Value {
  const { count, blocks, seen } = layouts;
  const size = n.int('sparse_block_size');
  const [, heads, rows] = shapeOf(q) as [Dim, Dim, Dim, Dim];
  const all = pinned(heads);
  const block = (v: Value): Value => apply(Div, {}, [v, literal('int64', [], [size])]);
  const queries = plus(reshaped(place.starts, [-1, 1]), range(0, rows));
  const row = block(queries);
  const column = block(range(0, keys));
  const table = literal('bool', [count, blocks, blocks], seen);
  const layout = literal(
    'int64',
    [all],
    Array.from({ length: all }, (_, h) => h % count),
  );
  const own = apply(Gather, { axis: 0 }, [table, layout]);
  const known = apply(Gather, { axis: 2 }, [own, column]);
  const both = apply(Gather, { axis: 1 }, [known, reshaped(row, [-1])]);
  // [H, B · Lq, keys]
  const batch = shapeOf(queries)[0]!;
  const split = reshaped(both, [all, batch, rows, keys]);
  const mask = maskWhere(split, q, -Infinity);
  return transposed(mask, 1, 0, 2, 3);
}

/** The node with other inputs. */
const withInputs = (n: OnnxNode, inputs: readonly Value[]): OnnxNode =>
  new Proxy(n, {
    get(target, key): unknown {
      if (key === 'inputs') return inputs;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

function build(n: OnnxNode): Value[] {
  const [q, k, v, pastKey, pastValue, , , total, lengths, cos, sin] = n.inputs;
  const layouts = layoutsOf(n);
  const inputs = [q!, k!, v!, pastKey!, pastValue!, minus(lengths!, 1), total!, cos!, sin!];
  return groupQueryAttention(withInputs(n, inputs), (x, keys, place) =>
    hidden(n, layouts, x, keys, place),
  );
}

export const SparseAttention = importOnly('SparseAttention', [
  { type: 'SparseAttention', since: 1, domain: 'com.microsoft', build },
]);
