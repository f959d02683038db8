/** DequantizeLinear (ONNX): f32(x − zero) · scale, element by element. */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { dtypeOfOnnx } from '../tensor/dtype.js';
import { isMinifloat } from '../tensor/minifloat.js';
import { type ElementOp, type NoAttrs, elementwise } from './elementwise.js';
import { cast, times } from './formula.js';
import { alongAxis } from './quantization.js';

function build(n: OnnxNode): Value[] {
  const [x, scale, given] = n.inputs;
  const along = (v: Value): Value => alongAxis(n, x!, v);
  const to = dtypeOfOnnx(n.int('output_dtype', 0)) ?? dtypeOf(scale!);
  // the zero point of small floats is 0
  if (isMinifloat(dtypeOf(x!)))
    return [cast(times(cast(x!, 'float32'), cast(along(scale!), 'float32')), to)];
  const zero = given ?? literal(dtypeOf(x!), [], [0]);
  return [cast(apply(DequantizeLinear, {}, [x!, along(zero), along(scale!)]), to)];
}

export const DequantizeLinear: ElementOp<NoAttrs> = elementwise<NoAttrs>({
  name: 'DequantizeLinear',
  kernel: 'dequantize_linear',
  inputs: ['integer', 'integer', 'float'],
  mixed: [0, 1],
  numbers: () => (x, zero, scale) => Math.fround(x - zero) * scale,
  domains: ['f32'],
  flops: 2,
  onnx: [
    { type: 'DequantizeLinear', since: 10, build },
    { type: 'DequantizeLinear', since: 1, domain: 'com.microsoft', build },
  ],
});
