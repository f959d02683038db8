/**
 * BitShift (ONNX): x shifted by y bits. What is shifted out is lost; from the left come copies of the
 * sign bit (0 for unsigned types). Counts that are negative or not below the number of bits shift all out.
 */
import { dtypeOf } from '../ir/graph.js';
import { type OnnxNode } from '../ir/op.js';
import { apply } from '../ir/build.js';
import { bitsOf, kindOf } from '../tensor/dtype.js';
import { type ElementOp, elementwise } from './elementwise.js';

export interface BitShiftAttrs {
  readonly left: 0 | 1;
  /** of the type */
  readonly bits: number;
}

function shift(x: bigint, y: bigint, { left, bits }: BitShiftAttrs): bigint {
  if (y < 0n || y >= BigInt(bits)) return left === 0 && x < 0n ? -1n : 0n;
  return left === 1 ? x << y : x >> y;
}

const read = (n: OnnxNode): BitShiftAttrs => ({
  left: n.string('direction') === 'LEFT' ? 1 : 0,
  bits: bitsOf(dtypeOf(n.inputs[0]!)),
});

const Shift: ElementOp<BitShiftAttrs> = elementwise<BitShiftAttrs>({
  name: 'BitShift',
  kernel: 'bit_shift',
  inputs: ['integer', 'integer'],
  numbers: (attrs) => (x, y) => Number(BigInt.asIntN(32, shift(BigInt(x), BigInt(y), attrs))),
  exact: (attrs) => (x, y) => shift(x, y, attrs),
  domains: ['i64'],
  params: ({ left }) => ({ left }),
  onnx: [
    {
      type: 'BitShift',
      since: 11,
      build: (n) => [apply(BitShift, read(n), [n.inputs[0]!, n.inputs[1]!])],
    },
  ],
});

export const BitShift: ElementOp<BitShiftAttrs> = {
  ...Shift,
  // the kernel shifts zeros in
  lowers: (node) => Shift.lowers!(node) && kindOf(dtypeOf(node.inputs[0]!)) === 'unsigned',
};
