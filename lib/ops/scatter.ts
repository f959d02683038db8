/** What ScatterElements and ScatterND share: how an update meets what stands in its place. */
import { type Node, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import type { Lowering, Operand, StepSpec } from '../ir/step.js';
import { raise } from '../errors.js';
import { type DType, shortOf } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { type Elements, filled, movable, room, widthOf } from './moving.js';

/** In the numbering of native/ops/scatter.h. */
export const REDUCTIONS = ['none', 'add', 'mul', 'min', 'max'] as const;
export type Reduction = (typeof REDUCTIONS)[number];

export function readReduction(n: OnnxNode): Reduction {
  const given = n.string('reduction', 'none');
  const found = REDUCTIONS.find((r) => r === given);
  const expected = REDUCTIONS.join(', ');
  return (
    found ??
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'reduction',
      expected,
      got: given,
    })
  );
}

type Join<T> = (old: T, update: T) => T;
const NUMBERS: Record<Reduction, Join<number>> = {
  none: (_, u) => u,
  add: (a, u) => a + u,
  mul: (a, u) => a * u,
  min: Math.min,
  max: Math.max,
};
const BIGINTS: Record<Reduction, Join<bigint>> = {
  none: (_, u) => u,
  add: (a, u) => a + u,
  mul: (a, u) => a * u,
  min: (a, u) => (a < u ? a : u),
  max: (a, u) => (a > u ? a : u),
};

/**
 * A copy of x with updates[i] joined to element place(i), for i in order. Floats are rounded after
 * every update, 64-bit integers are exact and wrap.
 */
export function scattered(
  x: Tensor,
  updates: Tensor,
  reduction: Reduction,
  place: (i: number) => number,
): Tensor {
  const count = updates.data.length;
  if (reduction !== 'none' && (x.dtype === 'float16' || x.dtype === 'bfloat16')) {
    const wide = (t: Tensor): Tensor => fromNumbers('float32', t.shape, toNumbers(t));
    const sum = scattered(wide(x), wide(updates), reduction, place);
    return fromNumbers(x.dtype, x.shape, toNumbers(sum));
  }
  const data = room(x, x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = x.data[i];
  const big = x.data instanceof BigInt64Array || x.data instanceof BigUint64Array;
  const join = (big ? BIGINTS[reduction] : NUMBERS[reduction]) as Join<unknown>;
  const from = updates.data as unknown as Elements;
  for (let i = 0; i < count; i++) {
    const at = place(i);
    data[at] = join(data[at], from[i]);
  }
  return filled(x, x.shape, data);
}

const NATIVE: readonly DType[] = ['float32', 'float64', 'int32', 'int64'];

/** Kernels exist for the node's types: all that only move, some that reduce. */
export const scatters = (node: Node, reduction: Reduction): boolean =>
  movable(node) && (reduction === 'none' || NATIVE.includes(dtypeOf(node.inputs[0]!)));

/** The step that changes `out`, which already holds what is to be changed. */
export function emitScatter(
  l: Lowering,
  kernel: string,
  reduction: Reduction,
  out: Operand,
  step: Omit<StepSpec, 'kernel' | 'outputs' | 'params'> & { params?: StepSpec['params'] },
): void {
  const kind = reduction === 'none' ? widthOf(out) : shortOf(out.dtype);
  const params = { ...step.params, reduction: REDUCTIONS.indexOf(reduction) };
  l.emit({ ...step, kernel: `${kernel}.${kind}`, params, outputs: [out] });
}
