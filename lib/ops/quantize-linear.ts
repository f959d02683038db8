/**
 * QuantizeLinear (ONNX): saturate(roundEven(x / scale) + zero), element by element; the type of the
 * zero point is that of the result.
 */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { type DType, dtypeOfOnnx, limitsOf, storageOf } from '../tensor/dtype.js';
import { type Minifloat, isMinifloat } from '../tensor/minifloat.js';
import { sameBits } from './bit-cast.js';
import { Cast } from './cast.js';
import { type ElementOp, elementwise } from './elementwise.js';
import { cast, over, times } from './formula.js';
import { alongAxis } from './quantization.js';
import { roundEven } from './round.js';

export interface QuantizeAttrs {
  /** of the result's type */
  readonly lo: number;
  readonly hi: number;
}

function build(n: OnnxNode): Value[] {
  const [x, scale, zero] = n.inputs;
  const to = zero ? dtypeOf(zero) : targetOf(n);
  const along = (v: Value): Value => alongAxis(n, x!, v);
  if (isMinifloat(to)) return [asMinifloat(n, x!, along(scale!), to)];
  return [quantized(x!, along(scale!), zero ? along(zero) : literal(to, [], [0]))];
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
    { type: 'QuantizeLinear', since: 10, build },
    { type: 'QuantizeLinear', since: 1, domain: 'com.microsoft', build },
  ],
});

/** The attribute output_dtype, which counts where there is no zero point. */
const targetOf = (n: OnnxNode): DType => dtypeOfOnnx(n.int('output_dtype', 0)) ?? 'uint8';

/** A node of it; of fewer than 8 bits as bytes, which are then seen as what they are. */
export function quantized(x: Value, scale: Value, zero: Value): Value {
  const to = dtypeOf(zero);
  const [lo, hi] = limitsOf(to);
  const bytes = cast(zero, storageOf(to));
  return sameBits(apply(QuantizeLinear, { lo, hi }, [x, scale, bytes]), to);
}

/** x / scale as a small float; its zero point is 0. */
function asMinifloat(n: OnnxNode, x: Value, scale: Value, to: Minifloat): Value {
  const saturate = n.int('saturate', 1) !== 0;
  return apply(Cast, { to, saturate }, [over(cast(x, 'float32'), cast(scale, 'float32'))]);
}

/** saturate(roundEven(f32(sum) · multiplier) + zero): an int32 sum of products in the result's type. */
export function requantized(sum: Value, multiplier: Value, zero: Value): Value {
  const one = literal('float32', [], [1]);
  return quantized(times(cast(sum, 'float32'), multiplier), one, zero);
}
