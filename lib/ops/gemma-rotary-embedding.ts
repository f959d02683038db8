/** RotaryEmbedding and GemmaRotaryEmbedding of com.microsoft. */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import * as D from '../tensor/dim.js';
import { fromHeads, range, toHeads } from './attend.js';
import { Cos } from './cos.js';
import { pinned } from './facts.js';
import { cast, importOnly, plus, times } from './formula.js';
import { Gather } from './gather.js';
import { reshaped } from './reshape.js';
import { rotated } from './rotary.js';
import { Sin } from './sin.js';

/** Rows of a table for positions [B, L], or for those from one number on; [B or 1, 1, L, R / 2]. */
function rowsOf(table: Value, positions: Value, length: Dim): Value {
  const single = shapeOf(positions).length < 2;
  const start = single ? reshaped(positions, [1, 1]) : positions;
  const places = single ? plus(start, reshaped(range(0, length), [1, -1])) : positions;
  const part = apply(Gather, { axis: 0 }, [table, places]);
  const [b, l, half] = shapeOf(part) as [Dim, Dim, Dim];
  return reshaped(part, [b, 1, l, half]);
}

/** x [B, L, H·D] or [B, H, L, D]; D is twice the table's columns unless only a part is turned. */
function rotary(n: OnnxNode): Value[] {
  const [x, positions, cos, sin] = n.inputs as [Value, Value, Value, Value];
  const flat = shapeOf(x).length === 3;
  const columns = D.mul(2, shapeOf(cos)[1]!);
  const partial = n.int('rotary_embedding_dim', 0) > 0;
  const given = n.int('num_heads', 0);
  const heads = partial || typeof columns !== 'number' ? given : pinned(shapeOf(x)[2]!) / columns;
  const states = flat ? toHeads(x, heads || given) : x;
  const length = shapeOf(states)[2]!;
  const rotation = { cos: rowsOf(cos, positions, length), sin: rowsOf(sin, positions, length) };
  const y = rotated(states, rotation, n.int('interleaved', 0) !== 0);
  return [flat ? fromHeads(y) : y];
}

/** q · cos + q′ · sin and k · cos + k′ · sin, where q′ and k′ are turned by half already. */
function gemma({ inputs }: OnnxNode): Value[] {
  const [angles, q, q2, k, k2] = inputs as [Value, Value, Value, Value, Value];
  const wide = (v: Value): Value => {
    const [b, l, d] = shapeOf(v) as [Dim, Dim, Dim];
    return cast(reshaped(v, [b, 1, l, d]), dtypeOf(q));
  };
  const [sin, cos] = [wide(apply(Sin, {}, [angles])), wide(apply(Cos, {}, [angles]))];
  return [plus(times(q, cos), times(q2, sin)), plus(times(k, cos), times(k2, sin))];
}

const domain = 'com.microsoft';

export const GemmaRotaryEmbedding = importOnly('GemmaRotaryEmbedding', [
  { type: 'GemmaRotaryEmbedding', since: 1, domain, build: gemma },
  { type: 'RotaryEmbedding', since: 1, domain, build: rotary },
]);
