/** FeatureVectorizer (ONNX): rows side by side, in float32; each cut or filled up with 0 to its length. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { Concat } from './concat.js';
import { badAttribute } from './forest-read.js';
import { cast, importOnly, scalarLike } from './formula.js';
import { reshaped } from './ml-scores.js';
import { Pad } from './pad.js';
import { pinned } from './facts.js';
import { int64s } from './sizes.js';

function build(n: OnnxNode): Value[] {
  const lengths = n.ints('inputdimensions', []);
  const rows = n.inputs.map((v, i) => {
    const x = cast(v!, 'float32');
    const shape = shapeOf(x);
    const wide = shape.length === 1 ? reshaped(x, [1, -1]) : shape.length > 2 ? flat(x) : x;
    const wanted = lengths[i];
    if (wanted === undefined) return wide;
    if (wanted < 0) badAttribute(n, 'inputdimensions', 'sizes', `${wanted}`);
    const more = wanted - pinned(shapeOf(wide)[1]!);
    if (more === 0) return wide;
    const attrs = { mode: 'constant', axes: [1] } as const;
    return apply(Pad, attrs, [wide, int64s([0, more]), scalarLike(x, 0)]);
  });
  return [rows.length === 1 ? rows[0]! : apply(Concat, { axis: 1 }, rows)];
}

const flat = (x: Value): Value => reshaped(x, [0, -1]);

export const FeatureVectorizer = importOnly('FeatureVectorizer', [
  { type: 'FeatureVectorizer', domain: 'ai.onnx.ml', since: 1, build },
]);
