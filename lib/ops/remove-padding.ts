/** RemovePadding and RestorePadding of com.microsoft: sequences [B, L, C] with padding, and without. */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { joined } from './arrange.js';
import { range } from './attend.js';
import { CumSum } from './cum-sum.js';
import { cast, importOnly } from './formula.js';
import { Gather } from './gather.js';
import { GreaterOrEqual } from './greater-or-equal.js';
import { Less } from './less.js';
import { NonZero } from './non-zero.js';
import { restored } from './packed-tokens.js';
import { ReduceMax } from './reduce-max.js';
import { reshaped } from './reshape.js';

/** Outputs tokens, their places and those of the padding, tokens before each sequence, the longest. */
function removed({ inputs }: OnnxNode): Value[] {
  const [x, counts] = inputs as [Value, Value];
  const [batch, length, channels] = shapeOf(x) as [Dim, Dim, Dim];
  const ends = cast(reshaped(counts, [batch, 1]), 'int64');
  const places = (op: typeof Less): Value => {
    const chosen = apply(op, {}, [range(0, length), ends]);
    return cast(reshaped(apply(NonZero, {}, [reshaped(chosen, [-1])]), [-1]), 'int32');
  };
  const real = places(Less);
  const offsets = reshaped(joined(0, real, places(GreaterOrEqual)), [batch, length]);
  const sums = apply(CumSum, { axis: 0, exclusive: false, reverse: false }, [counts]);
  return [
    apply(Gather, { axis: 0 }, [reshaped(x, [D.mul(batch, length), channels]), real]),
    offsets,
    joined(0, literal('int32', [1], [0]), sums),
    apply(ReduceMax, { axes: [0], keepdims: true }, [counts]),
  ];
}

const domain = 'com.microsoft';

export const RemovePadding = importOnly('RemovePadding', [
  { type: 'RemovePadding', since: 1, domain, build: removed },
  {
    type: 'RestorePadding',
    since: 1,
    domain,
    build: ({ inputs: [x, offsets] }) => [restored(x!, offsets!)],
  },
]);
