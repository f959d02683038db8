/**
 * BitShift (ONNX): x shifted by y bits. What is shifted out is lost; from the left come copies of the
 * sign bit (0 for unsigned types). Counts that are negative or not below the number of bits shift all out.
 */
import { dtypeOf } from '../ir/graph.js';
import { type OnnxNode } from '../ir/op.js';
import { apply } from '../ir/build.js';
import { type DType, bitsOf, kindOf } from '../tensor/dtype.js';
import { type ElementOp, elementwise } from './elementwise.js';

export interface BitShiftAttrs {
  readonly left: 0 | 1;
  /** of x and y */
  readonly dtype: DType;
}

function shift(x: bigint, y: bigint, { left, dtype }: BitShiftAttrs): bigint {
  if (y < 0n || y >= BigInt(bitsOf(dtype))) return left === 0 && x < 0n ? -1n : 0n;
  return left === 1 ? x << y : x >> y;
}

const read = (n: OnnxNode): BitShiftAttrs => ({
  left: n.string('direction') === 'LEFT' ? 1 : 0,
  dtype: dtypeOf(n.inputs[0]!),
});

export const BitShift: ElementOp<BitShiftAttrs> = elementwise<BitShiftAttrs>({
  name: 'BitShift',
  kernel: 'bit_shift',
  inputs: ['integer', 'integer'],
  numbers: (attrs) => (x, y) => Number(BigInt.asIntN(32, shift(BigInt(x), BigInt(y), attrs))),
  exact: (attrs) => (x, y) => shift(x, y, attrs),
  domains: ['i64'],
  params: ({ left, dtype }) => ({ left, signed: Number(kindOf(dtype) === 'signed') }),
  onnx: [
    {
      type: 'BitShift',
      since: 11,
      build: (n) => [apply(BitShift, read(n), [n.inputs[0]!, n.inputs[1]!])],
    },
  ],
});
