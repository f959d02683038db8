/** Element-wise evaluation with broadcasting: plain loops, the meaning of the element-wise ops. */
import { shapeError } from '../ir/op.js';
import { type DType, bytesOf, isInteger, newArray } from '../tensor/dtype.js';
import { broadcast, formatShape } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';

/** Common shape of the tensors; HAIO_E_SHAPE when there is none. */
export function commonShape(tensors: readonly Tensor[]): number[] {
  const shapes = tensors.map((t) => t.shape);
  const shape = broadcast(...shapes);
  if (!shape) shapeError(`shapes ${shapes.map(formatShape).join(' and ')} do not broadcast`);
  return shape as number[];
}

/** For each element of `shape`, which element of a tensor of shape `own` it is; null where all are the same. */
export function positions(own: readonly number[], shape: readonly number[]): Int32Array | null {
  const lead = shape.length - own.length;
  if (lead === 0 && own.every((d, i) => d === shape[i])) return null;
  const out = new Int32Array(sizeOf(shape));
  if (sizeOf(own) === 1) return out;
  const strides = new Array<number>(shape.length).fill(0);
  for (let axis = shape.length - 1, step = 1; axis >= lead; axis--) {
    if (own[axis - lead] !== 1) strides[axis] = step;
    step *= own[axis - lead]!;
  }
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0, at = 0; i < out.length; i++) {
    out[i] = at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** f over the broadcast elements; `lists[k][i]` are those of tensor k. */
function zip<T>(
  lists: readonly ArrayLike<T>[],
  tensors: readonly Tensor[],
  shape: readonly number[],
  f: (...x: T[]) => T,
  put: (i: number, y: T) => void,
): void {
  const at = tensors.map((t) => positions(t.shape, shape));
  const n = sizeOf(shape);
  // one and two operands are nearly all there is, and quicker without a list
  if (lists.length <= 2) {
    const [a, b] = lists as readonly [ArrayLike<T>, ArrayLike<T>?];
    const [p, q] = at;
    const f2 = f as (x: T, y?: T) => T;
    if (!b) for (let i = 0; i < n; i++) put(i, f2(a[p ? p[i]! : i]!));
    else for (let i = 0; i < n; i++) put(i, f2(a[p ? p[i]! : i]!, b[q ? q[i]! : i]));
    return;
  }
  const args = new Array<T>(lists.length);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < args.length; k++) args[k] = lists[k]![at[k] ? at[k]![i]! : i]!;
    put(i, f(...args));
  }
}

/** y = f(x…) computed with numbers and rounded to dtype. */
export function evalNumbers(
  tensors: readonly Tensor[],
  dtype: DType,
  f: (...x: number[]) => number,
): Tensor {
  const shape = commonShape(tensors);
  const out = new Float64Array(sizeOf(shape));
  zip(tensors.map(toNumbers), tensors, shape, f, (i, y) => (out[i] = y));
  return fromNumbers(dtype, shape, out);
}

/** True where numbers could lose bits: integers, one of them wide. */
export const needsExact = (tensors: readonly Tensor[]): boolean =>
  tensors.every((t) => isInteger(t.dtype)) && tensors.some((t) => bytesOf(t.dtype) >= 4);

/** y = f(x…) computed with bigints, wrapped to dtype. */
export function evalExact(
  tensors: readonly Tensor[],
  dtype: DType,
  f: (...x: bigint[]) => bigint,
): Tensor {
  const shape = commonShape(tensors);
  const data = newArray(dtype, sizeOf(shape));
  const lists = tensors.map((t) => Array.from(t.data as ArrayLike<number | bigint>, BigInt));
  zip(lists, tensors, shape, f, (i, y) => {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = y;
    else data[i] = Number(BigInt.asIntN(32, y));
  });
  return { dtype, shape, data };
}
