/** Operands that lie elsewhere in each trip of a loop. */
import type { Buffer, Operand, Slices } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { bytesOf } from '../tensor/dtype.js';
import { denseStrides, product } from '../tensor/shape.js';
import { ALIGN } from './arena.js';

/** Bytes from the first to the last element, 0 where there is none. */
function extentOf({ shape, strides, dtype }: Operand): Dim {
  const last = shape.reduce((sum: Dim, d, i) => D.add(sum, D.mul(D.sub(d, 1), strides[i]!)), 0);
  return D.mul(D.min(product(shape), 1), D.mul(D.add(last, 1), bytesOf(dtype)));
}

/** Index i (or i from the end) of an axis, in trip i of `trips`. */
export function sliceWindow({ of, axis, reversed }: Slices, trips: Dim): Operand {
  const stride = of.strides[axis]!;
  const one: Operand = {
    ...of,
    shape: of.shape.filter((_, i) => i !== axis),
    strides: of.strides.filter((_, i) => i !== axis),
    offset: 0,
  };
  const start = reversed ? D.add(of.offset, D.mul(D.sub(trips, 1), stride)) : of.offset;
  const step = D.mul(stride, bytesOf(of.dtype));
  const buffer: Buffer = {
    kind: 'window',
    bytes: extentOf(one),
    window: {
      base: { buffer: of.buffer, dtype: of.dtype, offset: start },
      advance: reversed ? D.neg(step) : step,
      alternates: false,
    },
  };
  return { ...one, buffer };
}

/**
 * A value that goes round, in a new buffer with room for two: where a trip reads it, and where it leaves
 * the next one. They change places after each trip; the first trip reads the start of the buffer.
 */
export function stateWindows({ dtype, shape }: Operand): [Operand, Operand] {
  const bytes = D.mul(product(shape), bytesOf(dtype));
  const half = D.mul(D.ceilDiv(bytes, ALIGN), ALIGN);
  const room: Buffer = { kind: 'arena', bytes: D.mul(half, 2) };
  const side = (offset: Dim, advance: Dim): Operand => {
    const base = { buffer: room, dtype, offset };
    const window = { base, advance, alternates: true };
    const buffer: Buffer = { kind: 'window', bytes, window };
    return { buffer, dtype, shape, strides: denseStrides(shape), offset: 0 };
  };
  // the offset in elements: ALIGN bytes are whole elements of every type
  return [side(0, half), side(D.floorDiv(half, bytesOf(dtype)), D.neg(half))];
}
