/**
 * Conv (ONNX) over [N, ...spatial, C]: y = stages(x * w + bias). Inputs x, the weight in ONNX's order
 * [M, C / group, ...kernel], bias [M] or none, then the operands of `stages`. Slots of the stages: the
 * result with bias, the operands, earlier results; they keep the shape. Except for depthwise ones,
 * pads cost a copy of x: Pad nodes, which producers of x write into, do not.
 */
import { apply } from '../ir/build.js';
import { type Fact, type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import type { GraphStage } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { formatShape, product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { broadcastOperand } from './chain-step.js';
import { lowerDepthwise } from './dwconv.js';
import { elementCost, nativeAs, ranksFit } from './effort.js';
import { epilogueLowers, evalEpilogue, inferEpilogue } from './epilogue.js';
import { checkSize, floatAt, optionalAt, pinned } from './facts.js';
import { plus } from './formula.js';
import { activated } from './fused-activation.js';
import { type ProductSpec, emitProduct } from './gemm-step.js';
import { grouped, indices, padded, readWindow } from './images.js';
import { channelsFirst, channelsLast } from './layout.js';
import { type Narrowable, productType, rounded, withoutConversions } from './narrow.js';
import { emitNarrow } from './narrow-step.js';
import { type PoolAttrs, axesOf } from './pooling.js';
import { merged } from './views.js';
import { lowerWinograd, tileSide } from './winograd.js';

/** How a kernel moves over an image. */
export interface ConvWindow extends Omit<PoolAttrs, 'ceil'> {
  readonly group: number;
}

export interface ConvAttrs extends ConvWindow, Narrowable {
  readonly stages: readonly GraphStage[];
  /** sums in the order of the definition: never by transformed tiles */
  readonly direct?: boolean;
}
/** Inputs before the operands of the stages. */
const OWN = 3;
/** Spatial axes that the kernels take. */
export const MAX_AXES = 3;

/** The window that the kernel is moved as. */
export const windowOf = (attrs: ConvWindow): PoolAttrs => ({ ...attrs, ceil: false });

export function outShape(attrs: ConvWindow, x: readonly Dim[], w: readonly Dim[]): Dim[] {
  const { kernel, group } = attrs;
  if (x.length !== kernel.length + 2 || w.length !== x.length)
    shapeError(`a kernel of ${kernel.length} axes, x ${formatShape(x)}, weight ${formatShape(w)}`);
  w.slice(2).forEach((d, i) => checkSize(`axis ${i + 2} of the weight`, d, kernel[i]!));
  checkSize('the last axis of x', x.at(-1), D.mul(w[1]!, group));
  const [m] = w as [Dim];
  if (group < 1 || (typeof m === 'number' && m % group !== 0))
    shapeError(`${D.format(m)} output channels in ${group} groups`);
  return [x[0]!, ...axesOf(windowOf(attrs), x).map((a) => a.size), m];
}

/** The convolution alone, in double precision; x [N, ...spatial, C]. */
export function evalConv(attrs: ConvWindow, x: Tensor, w: Tensor, bias: Tensor | null): Tensor {
  const { kernel, strides, dilations, group } = attrs;
  const shape = outShape(attrs, x.shape, w.shape) as number[];
  const axes = axesOf(windowOf(attrs), x.shape) as { before: number }[];
  const [m, perGroup] = w.shape as [number, number];
  const [channels, taps, spatial] = [x.shape.at(-1)!, sizeOf(kernel), kernel.length];
  const [from, weights, start] = [toNumbers(x), toNumbers(w), bias && toNumbers(bias)];
  const y = new Float64Array(sizeOf(shape));
  const pixels = shape.slice(0, -1);
  let out = 0;
  const pixel = (index: readonly number[], tap: readonly number[]): number => {
    let at = index[0]!;
    for (let i = 0; i < spatial; i++) {
      const place = index[i + 1]! * strides[i]! - axes[i]!.before + tap[i]! * dilations[i]!;
      if (place < 0 || place >= x.shape[i + 1]!) return -1;
      at = at * x.shape[i + 1]! + place;
    }
    return at * channels;
  };
  const add = (base: number, t: number): void => {
    for (let o = 0; o < m; o++) {
      const first = base + Math.floor((o * group) / m) * perGroup;
      for (let c = 0; c < perGroup; c++)
        y[out + o]! += from[first + c]! * weights[(o * perGroup + c) * taps + t]!;
    }
  };
  for (const index of indices(pixels)) {
    let t = 0;
    for (const tap of indices(kernel)) {
      const base = pixel(index, tap);
      if (base >= 0) add(base, t);
      t++;
    }
    if (start) for (let o = 0; o < m; o++) y[out + o]! += start[o]!;
    out += m;
  }
  return fromNumbers(x.dtype, shape, y);
}

/**
 * The product without bias and stages: A is x seen once for each kernel position, B the weight, input
 * 1; extras are the inputs from `own` on. Also tells how operands of the output's shape are seen.
 */
export function productOf(
  node: Node<ConvWindow>,
  l: Lowering,
  x: Operand,
  own: number,
): { readonly spec: Omit<ProductSpec, 'stages'>; readonly ofOut: (o: Operand) => Operand } {
  const { kernel, strides, dilations, group } = node.attrs;
  const [w, out, last] = [l.in(1), l.out(), kernel.length + 1];
  const spatial = kernel.map((_, i) => i + 1);
  const perGroup = w.shape[1]!;
  const a: Operand = {
    ...x,
    shape: [...out.shape.slice(0, last), ...kernel, perGroup],
    strides: [
      x.strides[0]!,
      ...spatial.map((i) => D.mul(x.strides[i]!, strides[i - 1]!)),
      ...spatial.map((i) => D.mul(x.strides[i]!, dilations[i - 1]!)),
      x.strides[last]!,
    ],
  };
  const inGroups = (o: Operand, step: Dim): Operand =>
    group === 1 ? o : { ...o, shape: [group, ...o.shape], strides: [step, ...o.strides] };
  const columns = D.floorDiv(w.shape[0]!, group);
  const b: Operand = {
    ...w,
    shape: [...w.shape.slice(2), perGroup, columns],
    strides: [...w.strides.slice(2), w.strides[1]!, w.strides[0]!],
  };
  const ofOut = (o: Operand): Operand => grouped(broadcastOperand(o, out.shape), group, columns);
  const spec = {
    a: inGroups(a, D.mul(x.strides[last]!, perGroup)),
    b: inGroups(b, D.mul(w.strides[0]!, columns)),
    out: grouped(out, group, columns),
    groups: group === 1 ? 0 : 1,
    taps: kernel.length,
    bias: null,
    extras: node.inputs.slice(own).map((v) => ofOut(l.of(v!))),
    aElements: product(x.shape),
  };
  return { spec, ofOut };
}

function lowerProduct(node: Node<ConvAttrs>, l: Lowering, x: Operand): void {
  const types = node.inputs.slice(OWN).map((v) => dtypeOf(v!));
  const stages = withoutConversions(node.attrs.stages, ['float32', ...types]);
  const { spec, ofOut } = productOf(node, l, x, OWN);
  const bias = l.optional(2);
  const all = { ...spec, bias: bias && ofOut(bias), stages };
  if (node.attrs.narrow === undefined) emitProduct(l, all);
  else emitNarrow(l, { ...all, format: 'bf16' });
}

/** Each channel `times` times. */
function repeated(l: Lowering, x: Operand, times: number): Operand {
  if (times === 1) return x;
  const wide = l.dense({ ...x, shape: [...x.shape, times], strides: [...x.strides, 0] });
  return merged(wide, x.shape.length - 1, x.shape.length + 1)!;
}

/** Side of transformed tiles, or 0 where the direct sum is better. */
function winogradSide({ attrs, inputs, outputs }: Node<ConvAttrs>): 0 | 2 | 4 {
  const { kernel, strides, dilations, group, direct = false, narrow } = attrs;
  const plain = kernel.length === 2 && kernel.every((k) => k === 3) && group === 1;
  if (!plain || direct || narrow || [...strides, ...dilations].some((s) => s !== 1)) return 0;
  return tileSide(shapeOf(outputs[0]!), shapeOf(inputs[1]!)[1]!);
}

function lower(node: Node<ConvAttrs>, l: Lowering): void {
  const { kernel, strides, dilations, group, stages } = node.attrs;
  const x = l.rows(l.in(0));
  const edges = axesOf(windowOf(node.attrs), x.shape);
  const [m, perGroup] = shapeOf(node.inputs[1]!) as [Dim, Dim];
  const depthwise = group > 1 && perGroup === 1 && typeof m === 'number' && !node.attrs.narrow;
  const side = winogradSide(node);
  if (!depthwise && side === 0) return lowerProduct(node, l, padded(l, x, edges));
  const out = l.out();
  const wide = (o: Operand): Operand => broadcastOperand(o, out.shape);
  const bias = l.optional(2);
  const before = edges.map((e) => e.before);
  const spec = {
    w: l.in(1),
    bias: bias && wide(bias),
    out,
    stages,
    extras: node.inputs.slice(OWN).map((v) => wide(l.of(v!))),
  };
  if (side !== 0) lowerWinograd(l, { ...spec, m: side, x, before: [before[0]!, before[1]!] });
  else {
    const every = repeated(l, x, (m as number) / group);
    lowerDepthwise(l, { ...spec, x: every, kernel, strides, dilations, before });
  }
}

/** The image [N, ...spatial, M] of an ONNX node, for x [N, ...spatial, C]. */
function convolved(n: OnnxNode, x: Value): Value {
  const [, w, bias] = n.inputs as [Value, Value, Value | undefined];
  const window = readWindow(n, shapeOf(w).slice(2).map(pinned));
  const attrs: ConvAttrs = { ...window, group: n.int('group', 1), stages: [] };
  return apply(Conv, attrs, [x, w, bias ?? null]);
}

/** Microsoft's forms: `sum` is added to the result, then an activation follows. */
function fused(n: OnnxNode, inLast: (v: Value) => Value, outFirst: (v: Value) => Value): Value[] {
  const [x, , , sum] = n.inputs;
  const y = convolved(n, inLast(x!));
  return [outFirst(activated(n, sum ? plus(y, inLast(sum)) : y))];
}
const asItIs = (v: Value): Value => v;
const domain = 'com.microsoft';

export const Conv: OpDef<ConvAttrs> = defineOp<ConvAttrs>({
  name: 'Conv',
  infer(inputs, attrs, ctx): readonly Fact[] {
    const [x, w, bias] = [floatAt(inputs, 0), floatAt(inputs, 1), optionalAt(inputs, 2)];
    const dtype = productType(attrs, x.dtype, w.dtype);
    if (bias && bias.dtype !== dtype) typeError('type of the bias');
    const shape = outShape(attrs, x.shape, w.shape);
    if (bias) checkSize('the bias', bias.shape[0], w.shape[0]!);
    return [inferEpilogue(attrs.stages, { dtype, shape }, inputs.slice(OWN), ctx)];
  },
  eval([x, w, bias, ...extras], attrs) {
    const y = evalConv(attrs, rounded(attrs, x!), rounded(attrs, w!), bias ?? null);
    return [evalEpilogue(attrs.stages, y, extras)];
  },
  onnx: [
    {
      type: 'Conv',
      since: 1,
      build: (n) => [channelsFirst(convolved(n, channelsLast(n.inputs[0]!)))],
    },
    { type: 'FusedConv', since: 1, domain, build: (n) => fused(n, channelsLast, channelsFirst) },
    { type: 'NhwcConv', since: 1, domain, build: (n) => fused(n, asItIs, asItIs) },
    { type: 'NhwcFusedConv', since: 1, domain, build: (n) => fused(n, asItIs, asItIs) },
  ],
  cost(node) {
    const each = product(shapeOf(node.inputs[1]!).slice(1));
    const { bytes } = elementCost(node, 0);
    return { flops: D.mul(D.mul(2, each), product(shapeOf(node.outputs[0]!))), bytes };
  },
  lowers: (node) =>
    (node.attrs.narrow ? ranksFit(node) : nativeAs(node, 'float32')) &&
    node.attrs.kernel.length <= MAX_AXES &&
    epilogueLowers(node.attrs.stages, node.inputs.length - OWN),
  lower,
});
