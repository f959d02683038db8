/**
 * ConvTranspose (ONNX) over [N, ...spatial, C]: y[o] = stages(bias + Σ x[i]·w[k] over o = i·stride −
 * before + k·dilation). Inputs x, the weight in ONNX's order [C, M / group, ...kernel], bias [M] or
 * none, then the operands of `stages`, as in Conv.
 *
 * The outputs with one remainder modulo the strides, a phase, are a convolution of stride 1 with the
 * kernel positions that reach them: each phase is a step that writes every stride-th output.
 */
import { apply } from '../ir/build.js';
import { type Fact, type Node, type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { formatShape, product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { broadcastOperand } from './chain-step.js';
import type { ConvAttrs } from './conv.js';
import { lowerDepthwise } from './dwconv.js';
import { elementCost, nativeAs } from './effort.js';
import { epilogueLowers, evalEpilogue, inferEpilogue } from './epilogue.js';
import { checkSize, floatAt, optionalAt, pinned, numbersOf } from './facts.js';
import { emitProduct } from './gemm-step.js';
import { grouped, indices, padded, readWindow } from './images.js';
import { channelsFirst, channelsLast } from './layout.js';
import { lowerPatches } from './patches.js';
import { type Phase, combined, edgesOf, ofPhase, phasesOf, positionsOf } from './phases.js';
import { reordered } from './views.js';

export interface ConvTransposeAttrs extends ConvAttrs {
  /** elements more at the end of each axis */
  readonly outputPadding: readonly number[];
  /** sizes of the spatial axes; `pads`, then 'same_…', tells where what is too much is cut off */
  readonly outputShape: readonly number[] | null;
}
/** Inputs before the operands of the stages. */
const OWN = 3;
/** Spatial axes that the kernels take. */
const MAX_AXES = 3;

interface Axis {
  readonly size: Dim;
  readonly before: Dim;
}

/** Size of axis i of the output and what is cut off before it. */
function axisOf(attrs: ConvTransposeAttrs, i: number, input: Dim): Axis {
  const { kernel, strides, dilations, outputPadding, outputShape, pads } = attrs;
  const extent = (kernel[i]! - 1) * dilations[i]! + 1 + outputPadding[i]!;
  const full = D.add(D.mul(D.sub(input, 1), strides[i]!), extent);
  if (typeof pads !== 'string') {
    const [before, after] = pads[i]!;
    return { size: D.max(0, D.sub(full, before + after)), before };
  }
  const size = outputShape?.[i] ?? D.mul(input, strides[i]!);
  const total = D.max(0, D.sub(full, size));
  const half = D.floorDiv(total, 2);
  return { size, before: pads === 'same_upper' ? half : D.sub(total, half) };
}

function outShape(attrs: ConvTransposeAttrs, x: readonly Dim[], w: readonly Dim[]): Dim[] {
  const { kernel, group } = attrs;
  if (x.length !== kernel.length + 2 || w.length !== x.length)
    shapeError(`a kernel of ${kernel.length} axes, x ${formatShape(x)}, weight ${formatShape(w)}`);
  w.slice(2).forEach((d, i) => checkSize(`axis ${i + 2} of the weight`, d, kernel[i]!));
  checkSize('the last axis of x', x.at(-1), w[0]!);
  const spatial = kernel.map((_, i) => axisOf(attrs, i, x[i + 1]!).size);
  return [x[0]!, ...spatial, D.mul(w[1]!, group)];
}

function evalTransposed(
  attrs: ConvTransposeAttrs,
  x: Tensor,
  w: Tensor,
  bias: Tensor | null,
): Tensor {
  const { kernel, strides, dilations, group } = attrs;
  const shape = outShape(attrs, x.shape, w.shape) as number[];
  const before = kernel.map((_, i) => axisOf(attrs, i, x.shape[i + 1]!).before as number);
  const [channels, columns] = w.shape as [number, number];
  const [taps, m, perGroup] = [sizeOf(kernel), columns * group, channels / group];
  const [from, weights, start] = [toNumbers(x), toNumbers(w), bias && toNumbers(bias)];
  const y = new Float64Array(sizeOf(shape));
  if (start) y.forEach((_, i) => (y[i] = start[i % m]!));
  let at = 0;
  const add = (to: number, t: number): void => {
    for (let c = 0; c < channels; c++) {
      const first = to + Math.floor(c / perGroup) * columns;
      for (let o = 0; o < columns; o++)
        y[first + o]! += from[at + c]! * weights[(c * columns + o) * taps + t]!;
    }
  };
  for (const index of indices(x.shape.slice(0, -1))) {
    let t = 0;
    for (const tap of indices(kernel)) {
      let to = index[0]!;
      for (const [i, k] of tap.entries()) {
        const place = index[i + 1]! * strides[i]! - before[i]! + k * dilations[i]!;
        to = place < 0 || place >= shape[i + 1]! ? -Infinity : to * shape[i + 1]! + place;
      }
      if (to >= 0) add(to * m, t);
      t++;
    }
    at += channels;
  }
  return fromNumbers(x.dtype, shape, y);
}

interface Parts {
  readonly bias: Operand | null;
  readonly out: Operand;
  readonly extras: readonly Operand[];
}

function lowerPhase(
  { attrs }: Node<ConvTransposeAttrs>,
  l: Lowering,
  x: Operand,
  w: Operand,
  phases: readonly Phase[],
  parts: Parts,
): void {
  const { group, stages } = attrs;
  const last = x.shape.length - 1;
  const columns = w.shape[1]!;
  const perGroup = D.floorDiv(w.shape[0]!, group);
  const a: Operand = {
    ...x,
    shape: [x.shape[0]!, ...phases.map((p) => p.size), ...phases.map((p) => p.taps), perGroup],
    strides: [
      ...x.strides.slice(0, last),
      ...phases.map((p, i) => D.mul(x.strides[i + 1]!, p.distance)),
      x.strides[last]!,
    ],
    offset: phases.reduce<Dim>(
      (sum, p, i) => D.add(sum, D.mul(x.strides[i + 1]!, p.place)),
      x.offset,
    ),
  };
  const order = [...phases.map((_, i) => i + 2), 0, 1];
  const b = reordered({ ...w, shape: [perGroup, ...w.shape.slice(1)] }, order);
  const inGroups = (o: Operand, step: Dim): Operand =>
    group === 1 ? o : { ...o, shape: [group, ...o.shape], strides: [step, ...o.strides] };
  const view = (o: Operand): Operand => grouped(o, group, columns);
  emitProduct(l, {
    a: inGroups(a, D.mul(x.strides[last]!, perGroup)),
    b: inGroups(b, D.mul(w.strides[0]!, perGroup)),
    out: view(parts.out),
    groups: group === 1 ? 0 : 1,
    taps: phases.length,
    bias: parts.bias && view(parts.bias),
    stages,
    extras: parts.extras.map(view),
    aElements: product(x.shape),
  });
}

/** Each input pixel has outputs of its own, and all of them are wanted. */
const isPatchwork = (attrs: ConvTransposeAttrs, x: readonly Dim[]): boolean =>
  attrs.kernel.every((k, i) => {
    const { size, before } = axisOf(attrs, i, x[i + 1]!);
    const plain = k === attrs.strides[i] && attrs.dilations[i] === 1 && before === 0;
    return plain && size === D.mul(x[i + 1]!, k);
  });

function lower(node: Node<ConvTransposeAttrs>, l: Lowering): void {
  const { kernel, strides, group, stages } = node.attrs;
  const [x, w, out] = [l.rows(l.in(0)), l.in(1), l.out()];
  const axes = kernel.map((_, i) =>
    phasesOf(node.attrs, i, axisOf(node.attrs, i, x.shape[i + 1]!)),
  );
  const edges = axes.map((phases, i) => edgesOf(phases, x.shape[i + 1]!));
  const bias = l.optional(2);
  const wide = (o: Operand): Operand => broadcastOperand(o, out.shape);
  const extras = node.inputs.slice(OWN).map((v) => wide(l.of(v!)));
  if (group === 1 && isPatchwork(node.attrs, x.shape)) {
    if (lowerPatches(l, { x, w, out, kernel, bias: bias && wide(bias), stages, extras })) return;
  }
  const depthwise = group > 1 && w.shape[0] === group && w.shape[1] === 1;
  const around = depthwise ? null : padded(l, x, edges);
  for (const phases of combined(axes)) {
    const part = (o: Operand): Operand => ofPhase(o, phases, strides);
    const parts: Parts = {
      bias: bias && part(wide(bias)),
      out: part(out),
      extras: extras.map(part),
    };
    const taps = positionsOf(l, w, phases);
    if (around ?? phases.some((p) => p.taps === 0)) {
      const moved = phases.map((p, i) => ({
        ...p,
        place: p.taps === 0 || !around ? 0 : p.place + edges[i]!.before,
      }));
      lowerPhase(node, l, around ?? x, taps, moved, parts);
    } else {
      lowerDepthwise(l, {
        ...parts,
        x,
        w: taps,
        kernel: phases.map((p) => p.taps),
        strides: phases.map(() => 1),
        dilations: phases.map((p) => p.distance),
        before: phases.map((p) => -p.place),
        stages,
      });
    }
  }
}

/** `pads` that the node was given as an input, or null. */
function build(
  n: OnnxNode,
  bias: Value | null | undefined,
  pads: readonly number[] | null,
): readonly Value[] {
  const [x, w] = n.inputs as [Value, Value];
  const read = readWindow(n, shapeOf(w).slice(2).map(pinned));
  const explicit = read.kernel.map(
    (_, i, all) => [pads?.[i] ?? 0, pads?.[i + all.length] ?? 0] as const,
  );
  const window = pads ? { ...read, pads: explicit } : read;
  const rank = window.kernel.length;
  const sizes = n.ints('output_shape', []);
  const outputShape = sizes.length === 0 ? null : sizes.slice(-rank);
  const attrs: ConvTransposeAttrs = {
    ...window,
    pads: outputShape && typeof window.pads !== 'string' ? 'same_lower' : window.pads,
    outputPadding: n.ints('output_padding', new Array<number>(rank).fill(0)),
    outputShape,
    group: n.int('group', 1),
    stages: [],
  };
  return [channelsFirst(apply(ConvTranspose, attrs, [channelsLast(x), w, bias ?? null]))];
}

export const ConvTranspose: OpDef<ConvTransposeAttrs> = defineOp<ConvTransposeAttrs>({
  name: 'ConvTranspose',
  infer(inputs, attrs, ctx): readonly Fact[] {
    const [x, w, bias] = [floatAt(inputs, 0), floatAt(inputs, 1), optionalAt(inputs, 2)];
    if (x.dtype !== w.dtype || (bias && bias.dtype !== x.dtype)) typeError('types differ');
    const shape = outShape(attrs, x.shape, w.shape);
    // what is cut off decides which kernel positions meet
    attrs.kernel.forEach((_, i) => {
      if (typeof axisOf(attrs, i, x.shape[i + 1]!).before !== 'number') ctx.pin(x.shape[i + 1]!);
    });
    if (bias) checkSize('the bias', bias.shape[0], shape.at(-1)!);
    return [inferEpilogue(attrs.stages, { dtype: x.dtype, shape }, inputs.slice(OWN), ctx)];
  },
  eval([x, w, bias, ...extras], attrs) {
    return [evalEpilogue(attrs.stages, evalTransposed(attrs, x!, w!, bias ?? null), extras)];
  },
  onnx: [
    {
      type: 'ConvTranspose',
      since: 1,
      build: (n) => build(n, n.inputs[2], null),
    },
    {
      type: 'ConvTransposeWithDynamicPads',
      since: 1,
      domain: 'com.microsoft',
      build: (n) => build(n, n.inputs[3], numbersOf(n, n.inputs[2])),
    },
  ],
  cost(node) {
    const each = product(shapeOf(node.inputs[1]!).slice(1));
    const { bytes } = elementCost(node, 0);
    return { flops: D.mul(D.mul(2, each), product(shapeOf(node.inputs[0]!))), bytes };
  },
  lowers: (node) =>
    nativeAs(node, 'float32') &&
    node.attrs.kernel.length <= MAX_AXES &&
    epilogueLowers(node.attrs.stages, node.inputs.length - OWN),
  lower,
});
