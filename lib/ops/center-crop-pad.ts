/** CenterCropPad (ONNX): the middle of x, or x in the middle of zeros, along each of some axes. */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError, typeError } from '../ir/op.js';
import { numbersOf, pinned, rankAt } from './facts.js';
import { importOnly } from './formula.js';
import { Pad } from './pad.js';
import { axesOf, int64s } from './sizes.js';
import { Slice } from './slice.js';

function build(n: OnnxNode): Value[] {
  const [x] = n.inputs;
  if (!x) typeError('input 0 is missing');
  const rank = rankAt(n, 0);
  const all = Array.from({ length: rank }, (_, i) => i);
  const axes = axesOf(n.has('axes') ? n.ints('axes') : all, rank);
  const wanted = numbersOf(n, n.inputs[1]) ?? shapeError('the shape is missing');
  if (wanted.length !== axes.length) shapeError(`${wanted.length} sizes for ${axes.length} axes`);
  const sizes = axes.map((a) => pinned(shapeOf(x)[a]!));
  const cuts = sizes.map((d, i) => Math.max(0, d - wanted[i]!));
  const fills = sizes.map((d, i) => Math.max(0, wanted[i]! - d));
  const half = (list: readonly number[]): number[] => list.map((d) => Math.floor(d / 2));
  let y = x;
  if (cuts.some((d) => d > 0)) {
    const starts = half(cuts);
    const ends = starts.map((s, i) => s + Math.min(sizes[i]!, wanted[i]!));
    y = apply(Slice, { axes, steps: axes.map(() => 1) }, [y, int64s(starts), int64s(ends)]);
  }
  if (fills.some((d) => d > 0)) {
    const before = half(fills);
    const pads = int64s([...before, ...fills.map((d, i) => d - before[i]!)]);
    y = apply(Pad, { mode: 'constant', axes }, [y, pads, zeroLike(y)]);
  }
  return [y];
}

const zeroLike = (x: Value): Value => literal(dtypeOf(x), [], [0]);

export const CenterCropPad = importOnly('CenterCropPad', [
  { type: 'CenterCropPad', since: 18, build },
]);
