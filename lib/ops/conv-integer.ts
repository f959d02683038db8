/**
 * ConvInteger (ONNX): the convolution of x − zeroX and w − zeroW in int32, and QLinearConv, which adds
 * an int32 bias, scales and quantises again. Sums run in float32 over channels few enough to be exact.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { sizeOf } from '../tensor/tensor.js';
import { Conv } from './conv.js';
import { pinned } from './facts.js';
import { cast, importOnly, over, plus, times } from './formula.js';
import { channelsFirst, channelsLast } from './layout.js';
import { readWindow } from './images.js';
import { centred, exactSum, isExact, part } from './quantization.js';
import { requantized } from './quantize-linear.js';
import { reshaped } from './reshape.js';

/** A parameter of the output channels as it broadcasts to rank `rank` with them at `axis`. */
function ofChannels(v: Value, rank: number, axis: number): Value {
  if (shapeOf(v).length === 0) return v;
  if (shapeOf(v)[0] === 1) return reshaped(v, []);
  return reshaped(
    v,
    Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1)),
  );
}

/** The int32 convolution, [N, ...spatial, M]. */
function integerConv(
  n: OnnxNode,
  x: Value,
  w: Value,
  zeroX: Value | null | undefined,
  zeroW: Value | null | undefined,
): Value {
  const rank = shapeOf(x).length;
  const group = n.int('group', 1);
  const perGroup = pinned(shapeOf(w)[1]!);
  const left = centred(x, zeroX && ofChannels(zeroX, rank, 1));
  const right = centred(w, zeroW && ofChannels(zeroW, rank, 0));
  const kernel = shapeOf(w).slice(2).map(pinned);
  const attrs = { ...readWindow(n, kernel), group, stages: [], direct: true };
  const conv = (image: Value, weight: Value): Value => apply(Conv, attrs, [image, weight, null]);
  const image = channelsLast(left.value);
  const taps = sizeOf(kernel);
  if (group === 1)
    return exactSum(perGroup, left, right, taps, (from, to) =>
      conv(part(image, rank - 1, from, to, perGroup), part(right.value, 1, from, to, perGroup)),
    );
  // channels of a group do not lie side by side: these sums are not cut
  const to = isExact(left, right, perGroup * taps) ? 'float32' : 'float64';
  return cast(conv(cast(image, to), cast(right.value, to)), 'int32');
}

function qLinearConv(n: OnnxNode): Value {
  const [x, scaleX, zeroX, w, scaleW, zeroW, scale, zero, bias] = n.inputs;
  const sum = integerConv(n, x!, w!, zeroX, zeroW);
  const rank = shapeOf(x!).length;
  const multiplier = over(times(scaleX!, ofChannels(scaleW!, rank, rank - 1)), scale!);
  return channelsFirst(requantized(bias ? plus(sum, bias) : sum, multiplier, zero!));
}

export const ConvInteger = importOnly('ConvInteger', [
  {
    type: 'ConvInteger',
    since: 10,
    build(n) {
      const [x, w, zeroX, zeroW] = n.inputs;
      return [channelsFirst(integerConv(n, x!, w!, zeroX, zeroW))];
    },
  },
  { type: 'QLinearConv', since: 10, build: (n) => [qLinearConv(n)] },
]);
