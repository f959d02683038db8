/** QLinearAveragePool and QLinearGlobalAveragePool of com.microsoft, in either layout. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { AveragePool } from './average-pool.js';
import { pinned } from './facts.js';
import { importOnly, over, times } from './formula.js';
import { channelsFirst, channelsLast } from './layout.js';
import { readPool } from './pooling.js';
import { dequantized, offset, one, rescaled, zeroOf } from './q-linear.js';
import { quantized } from './quantize-linear.js';
import { ReduceSum } from './reduce-sum.js';
import { literal } from '../ir/build.js';

type Input = Value | null | undefined;
type Inputs = [Value, Value, Input, Value, Input];

const isLast = (n: OnnxNode): boolean => n.int('channels_last', 0) !== 0;

/** The mean of each channel: an exact sum times scale / (scaleY · size). */
function globalAverage(n: OnnxNode): Value[] {
  const [x, scaleX, zeroX, scale, zero] = n.inputs as Inputs;
  const shape = shapeOf(x);
  const axes = shape.slice(2).map((_, i) => i + (isLast(n) ? 1 : 2));
  const size = axes.reduce((p, a) => p * pinned(shape[a]!), 1);
  const sum = apply(ReduceSum, { axes, keepdims: true }, [offset(x, zeroOf(zeroX, x))]);
  const multiplier = over(one(scaleX), times(one(scale), size));
  return [quantized(times(sum, multiplier), literal('float32', [], [1]), zeroOf(zero, x))];
}

function average(n: OnnxNode): Value[] {
  const [x, scaleX, zeroX, scale, zero] = n.inputs as Inputs;
  const values = dequantized(x, scaleX, zeroX);
  const attrs = { ...readPool(n), countPadding: n.int('count_include_pad', 0) !== 0 };
  const mean = apply(AveragePool, attrs, [isLast(n) ? values : channelsLast(values)]);
  const y = rescaled(mean, scale, zeroOf(zero, x));
  return [isLast(n) ? y : channelsFirst(y)];
}

const domain = 'com.microsoft';

export const QLinearPool = importOnly('QLinearPool', [
  { type: 'QLinearAveragePool', since: 1, domain, build: average },
  { type: 'QLinearGlobalAveragePool', since: 1, domain, build: globalAverage },
]);
