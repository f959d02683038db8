/** Elements of 2, 4 or 8 bits in bytes: the first one of a byte is in its low bits. */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import type { Tensor } from '../tensor/tensor.js';
import { joined, unsqueezed } from './arrange.js';
import { BitShift } from './bit-shift.js';
import { BitwiseAnd } from './bitwise-and.js';
import { reshaped } from './reshape.js';

export type Bits = 2 | 4 | 8;

/** The elements of a uint8 tensor. */
export function packedBits(t: Tensor, bits: Bits): Uint8Array {
  const bytes = t.data as Uint8Array;
  const each = 8 / bits;
  const mask = 2 ** bits - 1;
  return Uint8Array.from(
    { length: bytes.length * each },
    (_, i) => (bytes[Math.floor(i / each)]! >> (bits * (i % each))) & mask,
  );
}

/** uint8 [..., B] as its elements [..., B · 8 / bits], one in a byte. */
export function unpacked(v: Value, bits: Bits): Value {
  if (bits === 8) return v;
  const each = 8 / bits;
  const byte = (x: number): Value => literal('uint8', [], [x]);
  const shape = shapeOf(v);
  const parts = Array.from({ length: each }, (_, i) => {
    const moved = i === 0 ? v : apply(BitShift, { left: 0, dtype: 'uint8' }, [v, byte(bits * i)]);
    return unsqueezed(apply(BitwiseAnd, {}, [moved, byte(2 ** bits - 1)]), shape.length);
  });
  return reshaped(joined(shape.length, ...parts), [
    ...shape.slice(0, -1),
    D.mul(shape.at(-1)!, each),
  ]);
}
