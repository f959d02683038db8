/** Windows and operands of convolutions over [N, ...spatial, C]. */
import type { OnnxNode } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { fromNumbers } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { grainFor } from './effort.js';
import { MAX_RANK } from './moving.js';
import type { PoolAttrs } from './pooling.js';
import { merged } from './views.js';

/** Elements before and after one axis. */
export interface Edges {
  readonly before: Dim;
  readonly after: Dim;
}

const ZERO = weightOf(fromNumbers('float32', [], [0]));

/** x with zeros around its spatial axes: itself where there are none, else a dense copy. */
export function padded(l: Lowering, x: Operand, edges: readonly Edges[]): Operand {
  if (edges.every((e) => e.before === 0 && e.after === 0)) return x;
  const rank = x.shape.length;
  const shape = x.shape.map((d, i) => {
    const e = edges[i - 1];
    return e && i < rank - 1 ? D.add(d, D.add(e.before, e.after)) : d;
  });
  const out = l.temp('float32', shape);
  // whole image rows are copied where x has them
  const rows = merged(x, rank - 2, rank);
  const [from, to] = rows ? [rows, merged(out, rank - 2, rank)!] : [x, out];
  const last = edges.length;
  const before = (axis: number): Dim => {
    const e = edges[axis - 1];
    if (!e) return 0;
    return rows && axis === last ? D.mul(e.before, x.shape.at(-1)!) : e.before;
  };
  const numbers = (name: string, of: (i: number) => Dim): [string, Dim][] =>
    Array.from({ length: MAX_RANK }, (_, i) => [name + i, i < to.shape.length ? of(i) : 0]);
  l.emit({
    kernel: 'pad.b4',
    params: Object.fromEntries<Dim>([
      ['mode', 0],
      ...numbers('before', before),
      ...numbers('size', (i) => from.shape[i]!),
    ]),
    inputs: [from, l.constant(ZERO)],
    outputs: [to],
    items: product(to.shape.slice(0, -1)),
    grain: grainFor(to.shape.at(-1)!),
  });
  return out;
}

/** [N, ...spatial, C] as [group, N, ...spatial, C / group]; unchanged for one group. */
export function grouped(o: Operand, group: number, perGroup: Dim): Operand {
  if (group === 1) return o;
  const step = o.strides.at(-1)!;
  return {
    ...o,
    shape: [group, ...o.shape.slice(0, -1), perGroup],
    strides: [D.mul(step, perGroup), ...o.strides],
  };
}

/** The attributes of Conv and ConvTranspose; `sizes` is the kernel's shape by the weight. */
export function readWindow(n: OnnxNode, sizes: readonly number[]): Omit<PoolAttrs, 'ceil'> {
  const kernel = n.ints('kernel_shape', sizes);
  const ones = kernel.map(() => 1);
  const auto = n.string('auto_pad', 'NOTSET');
  const list = auto === 'VALID' ? [] : n.ints('pads', []);
  const explicit = kernel.map((_, i) => [list[i] ?? 0, list[i + kernel.length] ?? 0] as const);
  return {
    kernel,
    strides: n.ints('strides', ones),
    dilations: n.ints('dilations', ones),
    pads: auto === 'SAME_UPPER' ? 'same_upper' : auto === 'SAME_LOWER' ? 'same_lower' : explicit,
  };
}

/** All indices of a shape, row-major; the array is reused. */
export function* indices(shape: readonly number[]): Generator<readonly number[]> {
  const index = shape.map(() => 0);
  for (let left = shape.reduce((a, b) => a * b, 1); left > 0; left--) {
    yield index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}
