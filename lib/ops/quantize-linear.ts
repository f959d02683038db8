/**
 * QuantizeLinear (ONNX): saturate(roundEven(x / scale) + zero), element by element; the type of the
 * zero point is that of the result.
 */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { type DType, dtypeOfOnnx } from '../tensor/dtype.js';
import { type ElementOp, elementwise } from './elementwise.js';
import { cast, times } from './formula.js';
import { alongAxis, rangeOf } from './quantization.js';
import { roundEven } from './round.js';

export interface QuantizeAttrs {
  /** of the result's type */
  readonly lo: number;
  readonly hi: number;
}

export const QuantizeLinear: ElementOp<QuantizeAttrs> = elementwise<QuantizeAttrs>({
  name: 'QuantizeLinear',
  kernel: 'quantize_linear',
  inputs: ['number', 'float', 'integer'],
  mixed: [0, 1, 2],
  numbers:
    ({ lo, hi }) =>
    (x, scale, zero) =>
      Math.min(hi, Math.max(lo, roundEven(Math.fround(x / scale)) + zero)),
  domains: ['f32'],
  params: ({ lo, hi }) => ({ lo, hi }),
  flops: 4,
  onnx: [
    {
      type: 'QuantizeLinear',
      since: 10,
      build(n) {
        const [x, scale, zero] = n.inputs;
        const to = zero ? dtypeOf(zero) : targetOf(n);
        const along = (v: Value): Value => alongAxis(n, x!, v);
        return [quantized(x!, along(scale!), zero ? along(zero) : literal(to, [], [0]))];
      },
    },
  ],
});

/** The attribute output_dtype, which counts where there is no zero point. */
const targetOf = (n: OnnxNode): DType => dtypeOfOnnx(n.int('output_dtype', 0)) ?? 'uint8';

/** A node of it. */
export function quantized(x: Value, scale: Value, zero: Value): Value {
  const [lo, hi] = rangeOf(dtypeOf(zero));
  return apply(QuantizeLinear, { lo, hi }, [x, scale, zero]);
}

/** saturate(roundEven(f32(sum) · multiplier) + zero): an int32 sum of products in the result's type. */
export function requantized(sum: Value, multiplier: Value, zero: Value): Value {
  const one = literal('float32', [], [1]);
  return quantized(times(cast(sum, 'float32'), multiplier), one, zero);
}
