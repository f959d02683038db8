/**
 * EmbedLayerNormalization (com.microsoft): the sum of word, position and segment embeddings, normalised;
 * how many mask elements of each sequence are 1; the sum.
 */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { expanded } from './arrange.js';
import { range } from './attend.js';
import { Equal } from './equal.js';
import { cast, importOnly, plus, scalarLike } from './formula.js';
import { Gather } from './gather.js';
import { LayerNorm } from './layer-norm.js';
import { ReduceSum } from './reduce-sum.js';
import { normalised } from './row-norm.js';

type Input = Value | null | undefined;

/** Tables of embeddings, [entries, C], as float. */
export interface Embeddings {
  readonly words: Value;
  readonly positions: Value;
  readonly segments: Input;
  readonly scale: Value;
  readonly bias: Value;
  /** rows of a table, in float */
  rows(table: Value, indices: Value): Value;
}

export interface Tokens {
  /** [B, L] */
  readonly ids: Value;
  readonly segments: Input;
  readonly mask: Input;
  /** [B or 1, L]; absent: 0, 1, … */
  readonly positions: Input;
}

/** Outputs normalised, mask index, sum. */
export function embedded(n: OnnxNode, tokens: Tokens, e: Embeddings): Value[] {
  const [batch, length] = shapeOf(tokens.ids) as [Dim, Dim];
  const places = tokens.positions
    ? e.rows(e.positions, tokens.positions)
    : e.rows(e.positions, range(0, length));
  const words = plus(e.rows(e.words, tokens.ids), places);
  const sum =
    tokens.segments && e.segments ? plus(words, e.rows(e.segments, tokens.segments)) : words;
  const norm = { x: sum, scale: e.scale, bias: e.bias };
  const [y] = normalised(LayerNorm, norm, 2, n.float('epsilon', 1e-12));
  return [y, counted(tokens.mask, batch), sum];
}

function counted(mask: Input, batch: Dim): Value {
  if (!mask) return expanded(literal('int32', [], [0]), [batch]);
  const ones = cast(apply(Equal, {}, [mask, scalarLike(mask, 1)]), 'int32');
  return apply(ReduceSum, { axes: [1], keepdims: false }, [ones]);
}

function build(n: OnnxNode): Value[] {
  const [ids, segmentIds, words, positions, segments, scale, bias, mask, places] = n.inputs as [
    Value,
    Input,
    Value,
    Value,
    Input,
    Value,
    Value,
    Input,
    Input,
  ];
  const rows = (table: Value, indices: Value): Value =>
    apply(Gather, { axis: 0 }, [table, indices]);
  const tables = { words, positions, segments, scale, bias, rows };
  return embedded(n, { ids, segments: segmentIds, mask, positions: places }, tables);
}

export const EmbedLayerNorm = importOnly('EmbedLayerNorm', [
  { type: 'EmbedLayerNormalization', since: 1, domain: 'com.microsoft', build },
]);
