/**
 * ConvInteger (ONNX) over [N, ...spatial, C]: the convolution of x − zeroX and w − zeroW in int32 (see
 * integer-product.ts), and QLinearConv, which scales and quantises again. Depthwise ones, and zero
 * points of other forms, run in float32 over channels few enough to be exact.
 */
import { apply } from '../ir/build.js';
import { type Fact, type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import {
  Conv,
  type ConvWindow,
  MAX_AXES,
  evalConv,
  outShape,
  productOf,
  windowOf,
} from './conv.js';
import { elementCost, ranksFit } from './effort.js';
import { evalEpilogue, inferEpilogue } from './epilogue.js';
import { pinned, tensorAt } from './facts.js';
import { cast, over, plus, times } from './formula.js';
import { padded } from './images.js';
import {
  type IntegerAttrs,
  OWN,
  checkIntegers,
  isOne,
  lessZero,
  scalar,
  stagesLower,
  wrapped,
} from './integer-product.js';
import { withoutConversions } from './narrow.js';
import { emitNarrow } from './narrow-step.js';
import { axesOf } from './pooling.js';
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

/** The int32 convolution with its bias, [N, ...spatial, M]. */
function integerConv(
  n: OnnxNode,
  x: Value,
  w: Value,
  zeroX: Value | null | undefined,
  zeroW: Value | null | undefined,
  bias: Value | null | undefined,
): Value {
  const group = n.int('group', 1);
  const perGroup = pinned(shapeOf(w)[1]!);
  if (isOne(zeroX) && perGroup > 1) {
    const attrs = { ...readWindow(n, shapeOf(w).slice(2).map(pinned)), group, stages: [] };
    return apply(ConvInteger, attrs, [
      channelsLast(x),
      w,
      zeroX ?? null,
      zeroW ?? null,
      bias ?? null,
    ]);
  }
  const sums = exactConv(n, x, w, zeroX, zeroW);
  return bias ? plus(sums, bias) : sums;
}

function exactConv(
  n: OnnxNode,
  x: Value,
  w: Value,
  zeroX: Value | null | undefined,
  zeroW: Value | null | undefined,
): Value {
  const [rank, group, perGroup] = [shapeOf(x).length, n.int('group', 1), pinned(shapeOf(w)[1]!)];
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

/** Of x [N, C, ...spatial]: [N, ...spatial, M]. */
function qLinearConv(n: OnnxNode, x: Value): Value {
  const [, scaleX, zeroX, w, scaleW, zeroW, scale, zero, bias] = n.inputs;
  const sum = integerConv(n, x, w!, zeroX, zeroW, bias);
  const rank = shapeOf(x).length;
  const multiplier = over(times(scaleX!, ofChannels(scaleW!, rank, rank - 1)), scale!);
  return requantized(sum, multiplier, zero!);
}

export interface ConvIntegerAttrs extends ConvWindow, IntegerAttrs {}

function lower(node: Node<ConvIntegerAttrs>, l: Lowering): void {
  const { group } = node.attrs;
  const zeroX = scalar(l.optional(2));
  const edges = axesOf(windowOf(node.attrs), l.in(0).shape);
  const { spec, ofOut } = productOf(node, l, padded(l, l.rows(l.in(0)), edges, zeroX), OWN);
  const types = node.inputs.slice(OWN).map((v) => dtypeOf(v!));
  const [zeroW, bias] = [l.optional(3), l.optional(4)];
  const m = D.floorDiv(shapeOf(node.inputs[1]!)[0]!, group);
  /** one element for each output channel */
  const ofChannels = (o: Operand): Operand => {
    const step = D.select(D.eq(product(o.shape), 1), 0, 1);
    const lead = group === 1 ? [] : [group];
    return { ...o, shape: [...lead, m], strides: [...lead.map(() => D.mul(m, step)), step] };
  };
  emitNarrow(l, {
    ...spec,
    format: 'i8',
    stages: withoutConversions(node.attrs.stages, ['int32', ...types]),
    bias: bias && ofOut(l.dense(bias)),
    zeroA: zeroX,
    zeroB: zeroW && ofChannels(l.dense(zeroW)),
  });
}

export const ConvInteger: OpDef<ConvIntegerAttrs> = defineOp<ConvIntegerAttrs>({
  name: 'ConvInteger',
  infer(inputs, attrs, ctx): readonly Fact[] {
    const [x, w] = [tensorAt(inputs, 0), tensorAt(inputs, 1)];
    const shape = outShape(attrs, x.shape, w.shape);
    checkIntegers(inputs, w.shape[0]!);
    return [inferEpilogue(attrs.stages, { dtype: 'int32', shape }, inputs.slice(OWN), ctx)];
  },
  eval([x, w, zeroX, zeroW, bias, ...extras], attrs) {
    const each = sizeOf(w!.shape.slice(1));
    const sums = evalConv(
      attrs,
      lessZero(x!, zeroX ?? null, () => 0),
      lessZero(w!, zeroW ?? null, (i) => Math.floor(i / each)),
      null,
    );
    return [evalEpilogue(attrs.stages, wrapped(sums, bias ?? null), extras)];
  },
  onnx: [
    {
      type: 'ConvInteger',
      since: 10,
      build(n) {
        const [x, w, zeroX, zeroW] = n.inputs;
        return [channelsFirst(integerConv(n, x!, w!, zeroX, zeroW, null))];
      },
    },
    { type: 'QLinearConv', since: 10, build: (n) => [channelsFirst(qLinearConv(n, n.inputs[0]!))] },
    {
      type: 'QLinearConv',
      since: 1,
      domain: 'com.microsoft',
      build(n) {
        const x = n.inputs[0]!;
        if (n.int('channels_last', 0) === 0) return [channelsFirst(qLinearConv(n, x))];
        return [qLinearConv(n, channelsFirst(x))];
      },
    },
  ],
  cost(node) {
    const each = product(shapeOf(node.inputs[1]!).slice(1));
    const { bytes } = elementCost(node, 0);
    return { flops: D.mul(D.mul(2, each), product(shapeOf(node.outputs[0]!))), bytes };
  },
  lowers: (node) => ranksFit(node) && node.attrs.kernel.length <= MAX_AXES && stagesLower(node),
  lower,
});
