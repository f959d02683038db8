/**
 * LongformerAttention (com.microsoft, Beltagy et al., 2020): tokens see those at most `window` places away and
 * all global ones; global tokens see all, by projections of their own. Inputs x [B, L, H·D], weights and
 * bias of q, k and v, mask [B, L] (added to scores; a token of negative mask is 0 itself), the same for
 * global tokens, and which are, [B, L].
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { Abs } from './abs.js';
import { parted } from './arrange.js';
import { attend, fromHeads, maskWhere, range, scaleOf, toHeads } from './attend.js';
import { cast, importOnly, minus, plus, scalarLike } from './formula.js';
import { Greater } from './greater.js';
import { Less } from './less.js';
import { LessOrEqual } from './less-or-equal.js';
import { MatMul } from './mat-mul.js';
import { Or } from './or.js';
import { reshaped } from './reshape.js';
import { Where } from './where.js';

function build(n: OnnxNode): Value[] {
  const [x, weight, bias, mask, globalWeight, globalBias, flags] = n.inputs as [
    ...[Value, Value, Value, Value, Value, Value, Value],
  ];
  const [batch, length] = shapeOf(x) as [Dim, Dim];
  const heads = n.int('num_heads');
  const attended = (w: Value, b: Value, hidden: Value): Value => {
    const all = parted(plus(apply(MatMul, { stages: [] }, [x, w]), b), 2, 3);
    const [q, k, v] = all.map((part) => toHeads(part, heads)) as [Value, Value, Value];
    return fromHeads(attend({ q, k, v, scale: scaleOf(0, shapeOf(q)[3]!), mask: hidden }));
  };
  const global = apply(Greater, {}, [flags, scalarLike(flags, 0)]);
  const keys = reshaped(cast(mask, 'float32'), [batch, 1, 1, length]);
  const distance = apply(Abs, {}, [minus(range(0, length), reshaped(range(0, length), [-1, 1]))]);
  const near = apply(LessOrEqual, {}, [distance, scalarLike(distance, n.int('window'))]);
  const seen = apply(Or, {}, [near, reshaped(global, [batch, 1, 1, length])]);
  const local = attended(weight, bias, plus(maskWhere(seen, keys, -Infinity), keys));
  const whole = attended(globalWeight, globalBias, keys);
  const y = apply(Where, {}, [reshaped(global, [batch, length, 1]), whole, local]);
  const masked = apply(Less, {}, [reshaped(mask, [batch, length, 1]), scalarLike(mask, 0)]);
  return [apply(Where, {}, [masked, scalarLike(y, 0), y])];
}

export const LongformerAttention = importOnly('LongformerAttention', [
  { type: 'LongformerAttention', since: 1, domain: 'com.microsoft', build },
]);
