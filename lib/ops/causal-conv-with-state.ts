/**
 * CausalConvWithState (ONNX): each channel of x [B, C, L] with a kernel of its own, [C, 1, k], over this and the
 * k − 1 elements before, of which those before the first are the state [B, C, k − 1], or zeros. Outputs y, maybe
 * through Silu, and the last k − 1 elements as the next state.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { cut, expanded, joined } from './arrange.js';
import { Conv } from './conv.js';
import { pinned } from './facts.js';
import { importOnly, scalarLike } from './formula.js';
import { channelsFirst, channelsLast } from './layout.js';
import { Silu } from './silu.js';

function build(n: OnnxNode): Value[] {
  const [x, w, bias, past] = n.inputs as [Value, Value, Value | undefined, Value | undefined];
  const [batch, channels, length] = shapeOf(x) as [D.Dim, D.Dim, D.Dim];
  const [group, size] = [pinned(channels), pinned(shapeOf(w)[2]!)];
  const before = past ?? expanded(scalarLike(x, 0), [batch, channels, size - 1]);
  const all = size > 1 ? joined(2, before, x) : x;
  const window = { kernel: [size], strides: [1], dilations: [1], pads: [[0, 0]] as const };
  const inputs = [channelsLast(all), w, bias ?? null];
  const y = channelsFirst(apply(Conv, { ...window, group, stages: [] }, inputs));
  const activation = n.string('activation', 'none');
  if (!['none', 'silu', 'swish'].includes(activation))
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'activation',
      expected: 'none, silu or swish',
      got: activation,
    });
  const next = cut(all, 2, length, D.add(length, size - 1));
  return [activation === 'none' ? y : apply(Silu, {}, [y]), next];
}

export const CausalConvWithState = importOnly('CausalConvWithState', [
  { type: 'CausalConvWithState', since: 27, build },
]);
