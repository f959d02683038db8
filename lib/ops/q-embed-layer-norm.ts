/** QEmbedLayerNormalization (com.microsoft): EmbedLayerNormalization of 8-bit tables, each in its scale. */
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { embedded } from './embed-layer-norm.js';
import { importOnly } from './formula.js';
import { Gather } from './gather.js';
import { dequantized } from './q-linear.js';

type Input = Value | null | undefined;

/** Five tables and vectors, the mask, then their scales and their zero points in the same order. */
function build(n: OnnxNode): Value[] {
  const [ids, segmentIds, words, positions, segments, scale, bias, mask, ...rest] = n.inputs as [
    ...[Value, Input, Value, Value, Input, Value, Value, Input],
    ...Input[],
  ];
  const all = [words, positions, segments, scale, bias];
  const float = (v: Value, i: number): Value => dequantized(v, rest[i]!, rest[i + 5]);
  const rows = (table: Value, indices: Value): Value =>
    float(apply(Gather, { axis: 0 }, [table, indices]), all.indexOf(table));
  const tables = { words, positions, segments, scale: float(scale, 3), bias: float(bias, 4), rows };
  return embedded(n, { ids, segments: segmentIds, mask, positions: null }, tables);
}

export const QEmbedLayerNorm = importOnly('QEmbedLayerNorm', [
  { type: 'QEmbedLayerNormalization', since: 1, domain: 'com.microsoft', build },
]);
