/** Windows of the pooling ops over [N, ...spatial, C]: geometry, import, loops, lowering. */
import { type Fact, type Node, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import { raise } from '../errors.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { denseStrides, product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import type { Permuted } from '../ir/op.js';
import { grainFor, nativeAs } from './effort.js';
import { walk } from './moving.js';
import { floatAt, rankAt } from './facts.js';
import { widened } from './views.js';

/** One entry per spatial axis. */
export interface PoolAttrs {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** [before, after] of each axis, or as much as makes ⌈size / stride⌉ windows fit */
  readonly pads: readonly (readonly [number, number])[] | 'same_upper' | 'same_lower';
  /** a last window that is only partly inside counts */
  readonly ceil: boolean;
}

/** Number of windows along an axis and the padding around it. */
interface Axis {
  readonly size: Dim;
  readonly before: Dim;
  readonly after: Dim;
}

/** ONNX MaxPool, "output_spatial_shape"; a window that starts in the padding behind does not count. */
function axisOf(attrs: PoolAttrs, i: number, input: Dim): Axis {
  const stride = attrs.strides[i]!;
  const extent = (attrs.kernel[i]! - 1) * attrs.dilations[i]! + 1;
  if (typeof attrs.pads === 'string') {
    const size = D.ceilDiv(input, stride);
    const total = D.max(0, D.sub(D.add(D.mul(D.sub(size, 1), stride), extent), input));
    const half = D.floorDiv(total, 2);
    const rest = D.sub(total, half);
    const [before, after] = attrs.pads === 'same_upper' ? [half, rest] : [rest, half];
    return { size, before, after };
  }
  const [before, after] = attrs.pads[i]!;
  const span = D.add(input, before + after - extent);
  let size = D.add(attrs.ceil ? D.ceilDiv(span, stride) : D.floorDiv(span, stride), 1);
  if (attrs.ceil) {
    const inside = D.lt(D.mul(D.sub(size, 1), stride), D.add(input, before));
    size = D.sub(size, D.sub(1, inside));
  }
  if (typeof size === 'number' && size < 0) shapeError(`the kernel is larger than the input`);
  return { size: D.max(0, size), before, after };
}

export const axesOf = (attrs: PoolAttrs, shape: readonly Dim[]): Axis[] =>
  attrs.kernel.map((_, i) => axisOf(attrs, i, shape[i + 1]!));

/** Shape of the output for an input of `shape`. */
export function pooledShape(attrs: PoolAttrs, shape: readonly Dim[]): Dim[] {
  if (shape.length !== attrs.kernel.length + 2)
    shapeError(`a kernel of ${attrs.kernel.length} axes does not fit rank ${shape.length}`);
  return [shape[0]!, ...axesOf(attrs, shape).map((a) => a.size), shape.at(-1)!];
}

/** The attributes that all ONNX pools have; MaxPool, AveragePool and LpPool of any version. */
export function readPool(n: OnnxNode): PoolAttrs {
  const kernel = n.ints('kernel_shape');
  const ones = kernel.map(() => 1);
  if (rankAt(n, 0) !== kernel.length + 2)
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'kernel_shape',
      expected: `${rankAt(n, 0) - 2} sizes`,
      got: kernel.length,
    });
  const auto = n.string('auto_pad', 'NOTSET');
  const list = auto === 'VALID' ? [] : n.ints('pads', []);
  return {
    kernel,
    strides: n.ints('strides', ones),
    dilations: n.ints('dilations', ones),
    pads:
      auto === 'SAME_UPPER'
        ? 'same_upper'
        : auto === 'SAME_LOWER'
          ? 'same_lower'
          : kernel.map((_, i) => [list[i] ?? 0, list[i + kernel.length] ?? 0] as const),
    ceil: n.int('ceil_mode', 0) !== 0,
  };
}

/** Transpositions that only exchange spatial axes pass. */
export function permutedPool<A extends PoolAttrs>(
  attrs: A,
  perm: readonly number[],
): Permuted<A> | null {
  if (perm[0] !== 0 || perm.at(-1) !== perm.length - 1) return null;
  // new axis perm[i] is old axis i
  const turn = <T>(list: readonly T[]): T[] => list.map((_, i) => list[perm.indexOf(i + 1) - 1]!);
  return {
    attrs: {
      ...attrs,
      kernel: turn(attrs.kernel),
      strides: turn(attrs.strides),
      dilations: turn(attrs.dilations),
      pads: typeof attrs.pads === 'string' ? attrs.pads : turn(attrs.pads),
    },
    inputs: [perm],
    outputs: [perm],
  };
}

/** A window of `eachWindow`: positions in the input's data that lie inside. */
export interface Window {
  /** offset of the result */
  readonly out: number;
  /** offsets of the elements inside the input */
  readonly at: readonly number[];
  /** places of the window inside input and padding */
  readonly padded: number;
}

/** Calls `visit` for each window of each channel. `shape` is the input's. */
export function eachWindow(
  attrs: PoolAttrs,
  shape: readonly number[],
  visit: (w: Window) => void,
): void {
  const axes = axesOf(attrs, shape) as { size: number; before: number; after: number }[];
  const strides = denseStrides(shape) as number[];
  const outShape = pooledShape(attrs, shape) as number[];
  const channels = shape.at(-1)!;
  const rank = shape.length;
  const index = new Array<number>(rank).fill(0);
  walk(outShape, denseStrides(outShape) as number[], 0, (out) => {
    let rest = out;
    for (let a = rank - 1; a >= 0; a--) {
      index[a] = rest % outShape[a]!;
      rest = Math.floor(rest / outShape[a]!);
    }
    let at = [index[0]! * strides[0]! + index[rank - 1]!];
    let padded = 1;
    axes.forEach(({ before, after }, i) => {
      const input = shape[i + 1]!;
      const taps = attrs.kernel[i] as number;
      const places = Array.from(
        { length: taps },
        (_, t) => index[i + 1]! * attrs.strides[i]! - before + t * attrs.dilations[i]!,
      );
      padded *= places.filter((p) => p < input + after).length;
      const inside = places.filter((p) => p >= 0 && p < input);
      at = at.flatMap((base) => inside.map((p) => base + p * strides[i + 1]!));
    });
    if (channels > 0) visit({ out, at, padded });
  });
}

/** Facts of a pool over floats with one output. */
export function inferPool(inputs: readonly (Fact | null)[], attrs: PoolAttrs): readonly Fact[] {
  const { dtype, shape } = floatAt(inputs, 0);
  return [{ type: { dtype, shape: pooledShape(attrs, shape) } }];
}

/** The pool of t whose every result is `reduce` of the input's elements and a window. */
export function evalPool(
  t: Tensor,
  attrs: PoolAttrs,
  reduce: (x: Float64Array, w: Window) => number,
): readonly Tensor[] {
  const x = toNumbers(t);
  const shape = pooledShape(attrs, t.shape) as number[];
  const y = new Float64Array(sizeOf(shape));
  eachWindow(attrs, t.shape, (w) => (y[w.out] = reduce(x, w)));
  return [fromNumbers(t.dtype, shape, y)];
}

/** At most three spatial axes, f32. */
export const poolLowers = (node: Node<PoolAttrs>): boolean =>
  node.attrs.kernel.length <= 3 && nativeAs(node, 'float32');

/**
 * The step of a pool: operands [N, d0, d1, d2, C] with missing spatial axes of size 1 in front, items
 * are rows (n, d0, d1) of the output. `more` are the kernel's parameters after those of native/ops/pool.h.
 */
export function lowerPool(
  node: Node<PoolAttrs>,
  l: Lowering,
  kernel: string,
  more: Readonly<Record<string, Dim>> = {},
): void {
  const { attrs } = node;
  const missing = 3 - attrs.kernel.length;
  const wide = (o: Operand): Operand => widened(o, 1, missing);
  const axes = axesOf(attrs, shapeOf(node.inputs[0]!));
  const params: Record<string, Dim> = {};
  const put = (name: string, list: readonly Dim[], fill: number) => {
    for (let i = 0; i < 3; i++) params[`${name}${i}`] = i < missing ? fill : list[i - missing]!;
  };
  put('kernel', attrs.kernel, 1);
  put('stride', attrs.strides, 1);
  put('dilation', attrs.dilations, 1);
  put(
    'pad',
    axes.map((a) => a.before),
    0,
  );
  const outputs = node.outputs.map((_, k) => wide(l.out(k)));
  const [, , , width, channels] = outputs[0]!.shape as [Dim, Dim, Dim, Dim, Dim];
  const work = D.mul(D.mul(width, channels), product(attrs.kernel));
  l.emit({
    kernel,
    params: { ...params, ...more },
    inputs: [wide(l.rows(l.in(0)))],
    outputs,
    items: product(outputs[0]!.shape.slice(0, 3)),
    grain: grainFor(work),
  });
}
