/**
 * RelativePositionBias (com.microsoft): T5's bias of scores by binned distances (Raffel et al., 2020), and
 * GatedRelativePositionBias: a bias of positions, times a gate of the queries (WavLM, Chen et al., 2022).
 */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { cut, splitLast } from './arrange.js';
import { range, toHeads } from './attend.js';
import { Clip } from './clip.js';
import { numbersOf, pinned } from './facts.js';
import { importOnly, minus, plus, times } from './formula.js';
import { Gather } from './gather.js';
import { MatMul } from './mat-mul.js';
import { restored } from './packed-tokens.js';
import { ReduceSum } from './reduce-sum.js';
import { reshaped } from './reshape.js';
import { Sigmoid } from './sigmoid.js';

/** Distances beyond which no model tells anything apart. */
const FARTHEST = 2 ** 16;

/** The bin of a key `ahead` places behind its query; half of the bins are for keys ahead, if those count. */
function binOf(ahead: number, bins: number, farthest: number, bidirectional: boolean): number {
  const own = bidirectional ? Math.floor(bins / 2) : bins;
  const first = bidirectional && ahead > 0 ? own : 0;
  const distance = bidirectional ? Math.abs(ahead) : Math.max(0, -ahead);
  const exact = Math.floor(own / 2);
  if (distance < exact) return first + distance;
  const part = Math.log(distance / exact) / Math.log(farthest / exact);
  return first + Math.min(own - 1, exact + Math.trunc(Math.fround(part) * (own - exact)));
}

/** A length that is given as a value. */
const lengthOf = (n: OnnxNode, v: Value): Dim => v.fact.value?.[0] ?? numbersOf(n, v)![0]!;

/** The table [bins, H] stands in memory as [H, bins]. */
function relative(n: OnnxNode): Value[] {
  const [table, queries, keys] = n.inputs as [Value, Value, Value];
  const [bins, heads] = shapeOf(table).map(pinned) as [number, number];
  const farthest = n.int('max_distance');
  if (bins < 4 || farthest <= bins || farthest > FARTHEST)
    shapeError(`${bins} bins for distances up to ${farthest}`);
  const both = n.int('is_bidirectional', 0) !== 0;
  const binned = Array.from({ length: 2 * farthest + 1 }, (_, i) =>
    binOf(i - farthest, bins, farthest, both),
  );
  const [rows, columns] = [lengthOf(n, queries), lengthOf(n, keys)];
  const ahead = minus(range(0, columns), reshaped(range(0, rows), [-1, 1]));
  const near = apply(Clip, { lo: -farthest, hi: farthest }, [ahead]);
  const places = apply(Gather, { axis: 0 }, [
    literal('int64', [binned.length], binned),
    plus(near, farthest),
  ]);
  const bias = apply(Gather, { axis: 1 }, [reshaped(table, [heads, bins]), places]);
  return [reshaped(bias, [1, heads, rows, columns])];
}

/** Queries [B, L, H·D], or [tokens, H·D] with the places of the tokens. */
function gated(n: OnnxNode): Value[] {
  const [q, queryBias, positions, weight, bias, constant, offsets] = n.inputs as [
    ...[Value, Value, Value, Value, Value, Value, Value | null | undefined],
  ];
  const biased = plus(q, queryBias);
  const heads = toHeads(offsets ? restored(biased, offsets) : biased, n.int('num_heads'));
  const gates = plus(apply(MatMul, { stages: [] }, [heads, weight]), bias);
  const sums = apply(ReduceSum, { axes: [4], keepdims: false }, [splitLast(gates, 2)]);
  const both = apply(Sigmoid, {}, [sums]);
  const [u, r] = [cut(both, 3, 0, 1), cut(both, 3, 1, 2)];
  return [times(plus(times(u, minus(times(r, constant), 1)), 2), positions)];
}

const domain = 'com.microsoft';

export const RelativePositionBias = importOnly('RelativePositionBias', [
  { type: 'RelativePositionBias', since: 1, domain, build: relative },
  { type: 'GatedRelativePositionBias', since: 1, domain, build: gated },
]);
