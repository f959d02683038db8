/** Pad (ONNX): more elements (or fewer, where negative) before and after some axes. */
import { raise } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type Shape, denseStrides, product } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { grainFor } from './effort.js';
import { numbersOf, rankAt, tensorAt } from './facts.js';
import {
  MAX_RANK,
  copyStep,
  filled,
  intsOf,
  movable,
  room,
  samePlace,
  walk,
  widthOf,
} from './moving.js';
import { reshapeOperand } from './regroup.js';
import { reshaped } from './reshape.js';
import { axesOf, inputOrInts, knownAt, knownIn } from './sizes.js';

/** In the numbering of native/ops/pad.cpp. */
const MODES = ['constant', 'reflect', 'edge', 'wrap'] as const;
type Mode = (typeof MODES)[number];

/** Input 1: elements before each of `axes`, then after each. Input 2: the value of new elements. */
export interface PadAttrs {
  readonly mode: Mode;
  readonly axes: readonly number[];
}

export interface Edges {
  readonly before: Dim;
  readonly after: Dim;
}

/** Padding of every axis of the data. */
function edgesOf(rank: number, axes: readonly number[], pads: readonly Dim[]): Edges[] {
  const edges = Array.from({ length: rank }, (): Edges => ({ before: 0, after: 0 }));
  axes.forEach((a, i) => (edges[a] = { before: pads[i]!, after: pads[i + axes.length]! }));
  return edges;
}

const paddedSize = (d: Dim, { before, after }: Edges): Dim => D.add(d, D.add(before, after));
const atLeastZero = (d: Dim): boolean => D.bounds(d)[0] >= 0;

/** The place in an axis of `size` that position `i` repeats, or −1; `i` counts from the axis' start. */
function sourceOf(i: number, size: number, mode: Mode): number {
  if (i >= 0 && i < size) return i;
  if (mode === 'constant' || size === 0) return -1;
  if (mode === 'edge') return i < 0 ? 0 : size - 1;
  const period = mode === 'wrap' ? size : Math.max(1, 2 * (size - 1));
  const r = ((i % period) + period) % period;
  return r < size ? r : period - r;
}

/** Where x lies in the padded tensor; null unless it is known that nothing is cut off. */
function interior(node: Node<PadAttrs>, out: Operand): Operand | null {
  const pads = knownIn(node, 1);
  const { mode, axes } = node.attrs;
  if (mode !== 'constant' || !pads?.every(atLeastZero)) return null;
  const shape = shapeOf(node.inputs[0]!);
  const offset = edgesOf(shape.length, axes, pads).reduce<Dim>(
    (sum, { before }, i) => D.add(sum, D.mul(before, out.strides[i]!)),
    out.offset,
  );
  return { ...out, shape, offset };
}

const isPlain = ({ before, after }: Edges): boolean => before === 0 && after === 0;

/** Axes that are treated as one: each padded axis, in constant mode with the plain ones behind it. */
function joined(edges: readonly Edges[], mode: Mode): number[][] {
  const groups: number[][] = [];
  edges.forEach((e, i) => {
    const last = groups.at(-1);
    const joins = last && isPlain(e) && (mode === 'constant' || isPlain(edges[last[0]!]!));
    if (joins) last.push(i);
    else groups.push([i]);
  });
  return groups;
}

/** x with `edges` around it (one for each axis) fills `out`. */
export interface PadJob {
  readonly x: Operand;
  readonly out: Operand;
  readonly edges: readonly Edges[];
}

/** The same with fewer axes, where the operands' strides allow it. */
function simplified({ x, out, edges }: PadJob, mode: Mode): PadJob {
  const groups = joined(edges, mode);
  const merged = (shape: Shape): Dim[] => groups.map((g) => product(g.map((i) => shape[i]!)));
  const [from, to] = [reshapeOperand(x, merged(x.shape)), reshapeOperand(out, merged(out.shape))];
  if (!from || !to) return { x, out, edges };
  const scaled = groups.map(([first, ...rest]): Edges => {
    const inner = product(rest.map((i) => x.shape[i]!));
    const { before, after } = edges[first!]!;
    return { before: D.mul(before, inner), after: D.mul(after, inner) };
  });
  return { x: from, out: to, edges: scaled };
}

/** Emits the step that fills `out`; `inside`: x stands in it already, only its surroundings are missing. */
export function emitPad(
  l: Lowering,
  job: PadJob,
  mode: Mode,
  value: Operand,
  inside: boolean,
): void {
  const { x, out, edges } = simplified(job, mode);
  const numbers = (name: string, of: (i: number) => Dim): [string, Dim][] =>
    Array.from({ length: MAX_RANK }, (_, i) => [`${name}${i}`, i < edges.length ? of(i) : 0]);
  l.emit({
    kernel: `pad.${widthOf(out)}`,
    params: Object.fromEntries<Dim>([
      ['mode', MODES.indexOf(mode)],
      ...numbers('before', (i) => edges[i]!.before),
      ...numbers('size', (i) => x.shape[i]!),
    ]),
    inputs: [value, inside ? null : x],
    outputs: [out],
    items: product(out.shape.slice(0, -1)),
    grain: grainFor(out.shape.at(-1)!),
  });
}

function lower(node: Node<PadAttrs>, l: Lowering): void {
  const { mode, axes } = node.attrs;
  const [x, out] = [l.in(0), l.out()];
  const place = interior(node, out);
  const edges = edgesOf(x.shape.length, axes, knownIn(node, 1)!);
  if (!place) return emitPad(l, { x, out, edges }, mode, l.in(2), false);
  // copy steps know how to read short rows that are scattered
  const scattered = x.shape.at(-1) !== 1 && x.strides.at(-1) !== 1;
  if (scattered) l.emit(copyStep(x, place));
  const inside = scattered || samePlace(x, place);
  emitPad(l, { x: inside ? place : x, out, edges }, mode, l.in(2), inside);
}

function readMode(n: OnnxNode): Mode {
  const given = n.string('mode', 'constant');
  const found = MODES.find((m) => m === given);
  const expected = MODES.join(', ');
  return (
    found ??
    raise('HAIO_E_ATTRIBUTE', { node: n.name, op: n.type, attribute: 'mode', expected, got: given })
  );
}

function build(n: OnnxNode): Value {
  const x = n.inputs[0]!;
  const rank = rankAt(n, 0);
  const given = inputOrInts(n, 1, n.has('paddings') ? 'paddings' : 'pads');
  // Microsoft's pads may be [1, 2 · rank]
  const pads = given && shapeOf(given).length > 1 ? reshaped(given, [-1]) : given;
  const zero = literal(dtypeOf(x), [], [n.float('value', 0)]);
  const value = n.inputs[2] ?? zero;
  const axes = axesOf(numbersOf(n, n.inputs[3]) ?? Array.from({ length: rank }, (_, i) => i), rank);
  return apply(Pad, { mode: readMode(n), axes }, [x, pads, value]);
}

export const Pad: OpDef<PadAttrs> = defineOp<PadAttrs>({
  name: 'Pad',
  infer(inputs, { axes }, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (tensorAt(inputs, 2).dtype !== dtype) typeError(`the value must be ${dtype}`);
    const pads = knownAt(inputs, 1);
    if (!pads) {
      const sizes = shape.map((d, i) => (axes.includes(i) ? ctx.fresh(`d${i}`) : d));
      return [{ type: { dtype, shape: sizes } }];
    }
    if (pads.length !== 2 * axes.length) shapeError(`${pads.length} pads for ${axes.length} axes`);
    const edges = edgesOf(shape.length, axes, pads);
    const sizes = shape.map((d, i) => paddedSize(d, edges[i]!));
    const negative = sizes.findIndex((d) => typeof d === 'number' && d < 0);
    if (negative >= 0) shapeError(`pads leave less than nothing of axis ${negative}`);
    return [{ type: { dtype, shape: sizes } }];
  },
  eval([x, pads, value], { mode, axes }) {
    const edges = edgesOf(x!.shape.length, axes, intsOf(pads));
    const shape = x!.shape.map((d, i) => paddedSize(d, edges[i]!) as number);
    const own = denseStrides(x!.shape) as number[];
    // for each position of each axis the distance of its source, or NaN
    const sources = shape.map((n, axis) =>
      Array.from({ length: n }, (_, i) => {
        const at = sourceOf(i - (edges[axis]!.before as number), x!.shape[axis]!, mode);
        return at < 0 ? NaN : at * own[axis]!;
      }),
    );
    const dense = denseStrides(shape) as number[];
    const data = room(x!, sizeOf(shape));
    walk(shape, dense, 0, (at) => {
      const from = sources.reduce(
        (sum, s, i) => sum + s[Math.floor(at / dense[i]!) % shape[i]!]!,
        0,
      );
      data[at] = Number.isNaN(from) ? value!.data[0] : x!.data[from];
    });
    return [filled(x!, shape, data)];
  },
  moves: [0, 2],
  onnx: ['', 'com.microsoft'].map((domain) => ({
    type: 'Pad',
    since: 1,
    domain,
    build: (n: OnnxNode) => [build(n)],
  })),
  parts(node, out) {
    return [interior(node, out), null, null];
  },
  permute: ({ attrs: { mode, axes } }, from, perm) =>
    from === 0
      ? {
          attrs: { mode, axes: axes.map((a) => perm[a]!) },
          inputs: [perm, null, null],
          outputs: [perm],
        }
      : null,
  lower,
  lowers: (node) =>
    movable(node) && knownIn(node, 1) !== null && shapeOf(node.inputs[0]!).length > 0,
});
