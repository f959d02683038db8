/**
 * DynamicQuantizeLinear (ONNX): x as uint8 with scale = (max − min) / 255 and the zero point nearest to
 * −min / scale, where min and max include 0. All zeros: scale 1.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { Equal } from './equal.js';
import { cast, importOnly, minus, over, scalarLike } from './formula.js';
import { Clip } from './clip.js';
import { Max } from './max.js';
import { Min } from './min.js';
import { quantized } from './quantize-linear.js';
import { ReduceMax } from './reduce-max.js';
import { ReduceMin } from './reduce-min.js';
import { Round } from './round.js';
import { Where } from './where.js';

/** x as uint8, its scale, its zero point. */
export function dynamicallyQuantized(x: Value): Value[] {
  const all = { axes: shapeOf(x).map((_, i) => i), keepdims: false };
  const zero = scalarLike(x, 0);
  const least = apply(Min, {}, [apply(ReduceMin, all, [x]), zero]);
  const most = apply(Max, {}, [apply(ReduceMax, all, [x]), zero]);
  const span = minus(most, least);
  const none = apply(Equal, {}, [span, zero]);
  const scale = apply(Where, {}, [none, scalarLike(x, 1), over(span, 255)]);
  const place = apply(Clip, { lo: 0, hi: 255 }, [over(minus(zero, least), scale)]);
  const point = cast(apply(Round, {}, [place]), 'uint8');
  return [quantized(x, scale, point), scale, point];
}

export const DynamicQuantizeLinear = importOnly('DynamicQuantizeLinear', [
  {
    type: 'DynamicQuantizeLinear',
    since: 11,
    build: (n) => dynamicallyQuantized(n.inputs[0]!),
  },
]);
