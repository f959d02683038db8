/** BitShift (ONNX): unsigned x shifted by y bits. */
import { type ElementOp, elementwise } from './elementwise.js';

export interface BitShiftAttrs {
  readonly left: 0 | 1;
}

const shift = (x: bigint, y: bigint, left: boolean): bigint =>
  y > 63n ? 0n : left ? x << y : x >> y;

export const BitShift: ElementOp<BitShiftAttrs> = elementwise<BitShiftAttrs>({
  name: 'BitShift',
  kernel: 'bit_shift',
  inputs: ['unsigned', 'unsigned'],
  numbers:
    ({ left }) =>
    (x, y) =>
      Number(shift(BigInt(x), BigInt(y), left === 1) & 0xffffn),
  exact:
    ({ left }) =>
    (x, y) =>
      shift(x, y, left === 1),
  domains: ['i64'],
  params: ({ left }) => ({ left }),
  onnx: [
    {
      type: 'BitShift',
      since: 11,
      read: (n) => ({ left: n.string('direction') === 'LEFT' ? 1 : 0 }),
    },
  ],
});
