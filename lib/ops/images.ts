/** Windows and operands of convolutions over [N, ...spatial, C]. */
import type { OnnxNode } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { fromNumbers } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { type Edges, emitPad } from './pad.js';
import type { PoolAttrs } from './pooling.js';

/** x with zeros, or `value`, around its spatial axes: itself where there are none, else a dense copy. */
export function padded(
  l: Lowering,
  x: Operand,
  spatial: readonly Edges[],
  value?: Operand | null,
): Operand {
  if (spatial.every((e) => e.before === 0 && e.after === 0)) return x;
  const none: Edges = { before: 0, after: 0 };
  const edges = [none, ...spatial, none];
  const around = x.shape.map((d, i) => D.add(d, D.add(edges[i]!.before, edges[i]!.after)));
  const out = l.temp(x.dtype, around);
  const zero = value ?? l.constant(weightOf(fromNumbers(x.dtype, [], [0])));
  emitPad(l, { x, out, edges }, 'constant', zero, false);
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
