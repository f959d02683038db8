/**
 * Group normalisation (Wu, He 2018) of [N, C, ...spatial] or [N, ...spatial, C]: mean and variance over
 * groups of neighbouring channels and all positions. Groups of one channel: InstanceNormalization.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { elementCost, grainFor, nativeAs } from './effort.js';
import { Expand } from './expand.js';
import { checkSize, floatAt, pinned, tensorAt } from './facts.js';
import { plus } from './formula.js';
import { reshaped } from './reshape.js';
import { Silu } from './silu.js';
import { int64s } from './sizes.js';
import { mergedIn, mergedOut } from './views.js';

/** Inputs: x, scale[C], bias[C]. */
export interface GroupNormAttrs {
  /** channels in a group; divides C */
  readonly size: number;
  readonly epsilon: number;
  /** channels are the last axis, not axis 1 */
  readonly channelsLast: boolean;
}

function instanceNorm(n: OnnxNode): Value[] {
  const attrs = { size: 1, epsilon: n.float('epsilon', 1e-5), channelsLast: false };
  return [apply(GroupNorm, attrs, [n.inputs[0]!, n.inputs[1]!, n.inputs[2]!])];
}

/** `perGroup`: scale and bias have an element for each group (opset 18), not for each channel. */
function groupNorm(n: OnnxNode, perGroup: boolean): Value[] {
  const [x, scale, bias] = n.inputs;
  const groups = n.int('num_groups');
  const size = Math.floor(pinned(shapeOf(x!)[1]!) / groups);
  const spread = (v: Value): Value =>
    perGroup
      ? reshaped(apply(Expand, {}, [reshaped(v, [groups, 1]), int64s([groups, size])]), [-1])
      : v;
  const attrs = { size, epsilon: n.float('epsilon', 1e-5), channelsLast: false };
  return [apply(GroupNorm, attrs, [x!, spread(scale!), spread(bias!)])];
}

/**
 * Microsoft's form over [N, ...spatial, C] (or [N, C, ...spatial]) with an optional Silu behind it.
 * SkipGroupNorm normalises x + skip + bias, where skip is [N, C] or [N, 1, 1, C] at least; that sum
 * is its second output.
 */
function activatedGroupNorm(n: OnnxNode): Value[] {
  const [x, scale, bias, skip, shift] = n.inputs as [Value, Value, Value, ...(Value | null)[]];
  const last = n.int('channels_last', 1) !== 0;
  const size = Math.floor(pinned(shapeOf(scale)[0]!) / n.int('groups'));
  const wide = skip && shapeOf(skip).length === 2 ? ofChannels(skip, x) : skip;
  const sum = [wide, shift].reduce<Value>((s, v) => (v ? plus(s, v) : s), x);
  const attrs = { size, epsilon: n.float('epsilon', 1e-5), channelsLast: last };
  const y = apply(GroupNorm, attrs, [sum, scale, bias]);
  const outputs = [n.int('activation') !== 0 ? apply(Silu, {}, [y]) : y];
  return n.outputCount > 1 ? [...outputs, sum] : outputs;
}

/** [N, C] as [N, 1, …, C] of x's rank. */
function ofChannels(v: Value, x: Value): Value {
  const [batch, channels] = shapeOf(v);
  return reshaped(v, [
    batch!,
    ...shapeOf(x)
      .slice(2)
      .map(() => 1),
    channels!,
  ]);
}

export const GroupNorm: OpDef<GroupNormAttrs> = defineOp<GroupNormAttrs>({
  name: 'GroupNorm',
  infer(inputs, { size, channelsLast }) {
    const type = floatAt(inputs, 0);
    if (type.shape.length < 2) shapeError('the input must have at least 2 axes');
    const channels = type.shape.at(channelsLast ? -1 : 1)!;
    if (size < 1 || (typeof channels === 'number' && channels % size !== 0))
      shapeError(`${D.format(channels)} channels are no multiple of ${size}`);
    for (const i of [1, 2]) checkSize(`input ${i}`, product(tensorAt(inputs, i).shape), channels);
    return [{ type }];
  },
  eval([t, scale, bias], { size, epsilon, channelsLast }) {
    const x = toNumbers(t!);
    const [a, b] = [toNumbers(scale!), toNumbers(bias!)];
    const channels = t!.shape.at(channelsLast ? -1 : 1)!;
    const inner = channelsLast ? 1 : sizeOf(t!.shape.slice(2));
    const perImage = sizeOf(t!.shape.slice(1));
    const channelOf = (i: number): number => Math.floor(i / inner) % channels;
    const groupOf = (i: number): number =>
      Math.floor(i / perImage) * channels + Math.floor(channelOf(i) / size);
    const count = (perImage / channels) * size;
    const means = new Float64Array(t!.shape[0]! * channels);
    const squares = new Float64Array(means.length);
    x.forEach((v, i) => (means[groupOf(i)]! += v / count));
    x.forEach((v, i) => (squares[groupOf(i)]! += (v - means[groupOf(i)]!) ** 2 / count));
    const y = x.map((v, i) => {
      const [g, c] = [groupOf(i), channelOf(i)];
      return ((v - means[g]!) / Math.sqrt(squares[g]! + epsilon)) * a[c]! + b[c]!;
    });
    return [fromNumbers(t!.dtype, t!.shape, y)];
  },
  onnx: [
    { type: 'InstanceNormalization', since: 1, build: instanceNorm },
    { type: 'GroupNormalization', since: 18, build: (n) => groupNorm(n, true) },
    { type: 'GroupNormalization', since: 21, build: (n) => groupNorm(n, false) },
    ...['GroupNorm', 'SkipGroupNorm'].map((type) => ({
      type,
      since: 1,
      domain: 'com.microsoft',
      build: activatedGroupNorm,
    })),
  ],
  permute({ attrs }, from, perm) {
    const last = perm.length - 1;
    const channels = perm[attrs.channelsLast ? last : 1]!;
    if (from !== 0 || perm[0] !== 0 || (channels !== 1 && channels !== last)) return null;
    return {
      attrs: { ...attrs, channelsLast: channels === last },
      inputs: [perm, null, null],
      outputs: [perm],
    };
  },
  cost: (node) => elementCost(node, 8),
  lowers: (node) => nativeAs(node, 'float32'),
  lower({ attrs: { size, epsilon, channelsLast } }, l) {
    const rank = l.in(0).shape.length;
    const [from, to] = channelsLast ? [1, rank - 1] : [2, rank];
    const last = channelsLast ? 1 : 0;
    const x = mergedIn(l, l.in(0), from, to);
    // neighbouring groups of channels-last images share cache lines
    const groups = channelsLast ? Math.max(1, Math.floor(64 / size)) : 1;
    const channels = x.shape[channelsLast ? 2 : 1]!;
    const work = D.mul(size * groups * 3, x.shape[channelsLast ? 1 : 2]!);
    mergedOut(l, l.out(), from, to, (y: Operand) =>
      l.emit({
        kernel: 'group_norm.f32',
        params: { size, groups, last, epsilon },
        inputs: [x, l.dense(l.in(1)), l.dense(l.in(2))],
        outputs: [y],
        scratch: channelsLast ? size * groups * 8 : 0,
        items: D.mul(x.shape[0]!, D.ceilDiv(channels, size * groups)),
        grain: grainFor(work),
        inplace: [0],
      }),
    );
  },
});
