/** The steps of Resize: tables of neighbours for each axis, then one or two axes at a time. */
import { type Node, shapeOf } from '../ir/graph.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { fromNumbers } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { grainFor } from './effort.js';
import { copyTo, widthOf } from './moving.js';
import { seenAs, writtenAs } from './regroup.js';
import { MODES, NEAREST, TRANSFORMS, tapsOf } from './resize-grid.js';
import { type ResizeAttrs, resized } from './resize-shape.js';
import { knownIn } from './sizes.js';

/** Operands [length, taps]: the places (int32) and, unless nearest, the weights (float32). */
type Table = readonly [Operand, Operand | null];

function tableOf(l: Lowering, attrs: ResizeAttrs, size: Dim, length: Dim, scale: number): Table {
  const { mode, transform, nearest } = attrs;
  const taps = tapsOf(attrs, attrs.antialias ? scale : 1);
  const places = l.temp('int32', [length, taps]);
  const weights = l.temp('float32', [length, taps]);
  l.emit({
    kernel: 'resize_table.f32',
    params: {
      mode: MODES.indexOf(mode),
      transform: TRANSFORMS.indexOf(transform),
      nearest: NEAREST.indexOf(nearest),
      exclude: Number(attrs.excludeOutside),
      antialias: Number(attrs.antialias),
      size,
      scale,
    },
    // an operand, so that tables of known sizes are made when compiling
    inputs: [l.constant(weightOf(fromNumbers('float64', [], [attrs.cubicA])))],
    outputs: [places, weights],
    items: length,
    grain: 1024,
  });
  return [places, mode === 'nearest' ? null : weights];
}

/** Resizes axis `axis` and, where `both`, the next one of x into `out`. */
function emit(
  l: Lowering,
  mode: ResizeAttrs['mode'],
  x: Operand,
  out: Operand,
  axis: number,
  tables: readonly Table[],
): void {
  const both = tables.length > 1;
  const next = axis + (both ? 2 : 1);
  const flat = (o: Operand): Dim[] => [
    product(o.shape.slice(0, axis)),
    o.shape[axis]!,
    both ? o.shape[axis + 1]! : 1,
    product(o.shape.slice(next)),
  ];
  const from = seenAs(l, x, flat(x));
  const used = tables.flatMap((t) => (mode === 'nearest' ? [t[0]] : t));
  writtenAs(l, out, flat(out), (to) => {
    const [outer, height, width, inner] = to.shape as [Dim, Dim, Dim, Dim];
    const row = D.mul(from.shape[2]!, inner);
    l.emit({
      kernel: mode === 'nearest' ? `resize_nearest.${widthOf(to)}` : 'resize.f32',
      params: {},
      inputs: [l.rows(from), ...used],
      outputs: [to],
      items: D.mul(outer, height),
      grain: grainFor(D.mul(D.max(width, from.shape[2]!), inner)),
      ...(both && mode !== 'nearest' ? { scratch: D.mul(4, row) } : {}),
    });
  });
}

export function lowerResize(node: Node<ResizeAttrs>, l: Lowering): void {
  const { attrs } = node;
  const shape = shapeOf(node.inputs[0]!);
  const to = resized(shape, attrs, knownIn(node, 1) ?? []);
  const scaleOf = (axis: number): number => to.scales[attrs.axes.indexOf(axis)]!;
  const changed = attrs.axes.filter((a) => to.shape[a] !== shape[a]).sort((a, b) => b - a);
  const out = l.out();
  let x = l.in(0);
  while (changed.length > 0) {
    const last = changed.shift()!;
    const both = changed[0] === last - 1;
    const axis = both ? changed.shift()! : last;
    const axes = both ? [axis, last] : [axis];
    const sizes = x.shape.map((d, i) => (axes.includes(i) ? to.shape[i]! : d));
    const y = changed.length > 0 ? l.temp(out.dtype, sizes) : out;
    const tables = axes.map((a) => tableOf(l, attrs, shape[a]!, to.shape[a]!, scaleOf(a)));
    emit(l, attrs.mode, x, y, axis, tables);
    x = y;
  }
  if (x !== out) copyTo(l, x, out);
}
