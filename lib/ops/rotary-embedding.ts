/**
 * RotaryEmbedding (ONNX 23; Su et al. 2021): pairs of elements of each head are turned by the angles
 * of their position. Inputs x[B, N, S, D] or [B, S, N·D], cosines and sines [B, S, R/2], or [P, R/2]
 * with positions [B, S].
 */
import { apply, applyAll } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError, typeError } from '../ir/op.js';
import { Concat } from './concat.js';
import { pinned } from './facts.js';
import { importOnly, minus, plus, times } from './formula.js';
import { Gather } from './gather.js';
import { regrouped } from './heads.js';
import { int64s } from './sizes.js';
import { Slice } from './slice.js';
import { Split } from './split.js';
import { Transpose } from './transpose.js';
import { Unsqueeze } from './unsqueeze.js';

const joined = (parts: readonly Value[]): Value => apply(Concat, { axis: 3 }, parts);

/** Elements from…to−1 of the last of four axes. */
const columns = (x: Value, from: number, to: number): Value =>
  apply(Slice, { axes: [3], steps: [1] }, [x, int64s([from]), int64s([to])]);

/** The first and second elements of the pairs of x[B, S, N, R], and how they are put together again. */
function pairsOf(x: Value, interleaved: boolean): [Value, Value, (a: Value, b: Value) => Value] {
  const half = pinned(shapeOf(x)[3]!) / 2;
  if (!interleaved)
    return [columns(x, 0, half), columns(x, half, 2 * half), (a, b) => joined([a, b])];
  const pairs = applyAll(Split, { axis: 4, count: 2 }, [regrouped(x, [0, 0, 0, half, 2]), null], {
    wanted: [true, true],
  });
  const flat = (v: Value): Value => regrouped(v, [0, 0, 0, half]);
  const wide = (v: Value): Value => apply(Unsqueeze, { axes: [4] }, [v]);
  return [
    flat(pairs[0]!),
    flat(pairs[1]!),
    (a, b) => regrouped(apply(Concat, { axis: 4 }, [wide(a), wide(b)]), [0, 0, 0, 2 * half]),
  ];
}

/** Turns the first `rotated` elements (0: all) of the heads of x[B, S, N, D]. */
export function rotary(
  x: Value,
  cos: Value,
  sin: Value,
  { rotated, interleaved }: { readonly rotated: number; readonly interleaved: boolean },
): Value {
  const size = pinned(shapeOf(x)[3]!);
  const used = rotated === 0 ? size : rotated;
  if (used % 2 !== 0 || used > size) shapeError(`${used} of ${size} elements cannot be turned`);
  const [a, b, together] = pairsOf(used < size ? columns(x, 0, used) : x, interleaved);
  const turned = together(minus(times(a, cos), times(b, sin)), plus(times(a, sin), times(b, cos)));
  return used < size ? joined([turned, columns(x, used, size)]) : turned;
}

function build(n: OnnxNode): Value[] {
  const [x, cosines, sines, positions] = n.inputs;
  if (!x || !cosines || !sines) typeError('an input is missing');
  const flat = shapeOf(x).length === 3;
  const heads = n.int('num_heads', 0);
  if (flat && heads < 1) shapeError('num_heads is missing');
  const swap = (v: Value): Value => apply(Transpose, { perm: [0, 2, 1, 3] }, [v]);
  const table = (v: Value): Value => {
    const rows = positions ? apply(Gather, { axis: 0 }, [v, positions]) : v;
    return apply(Unsqueeze, { axes: [2] }, [rows]);
  };
  const options = {
    rotated: n.int('rotary_embedding_dim', 0),
    interleaved: n.int('interleaved', 0) !== 0,
  };
  const split = flat ? regrouped(x, [0, 0, heads, -1]) : swap(x);
  const y = rotary(split, table(cosines), table(sines), options);
  return [flat ? regrouped(y, [0, 0, -1]) : swap(y)];
}

export const RotaryEmbedding = importOnly('RotaryEmbedding', [
  { type: 'RotaryEmbedding', since: 23, build },
]);
