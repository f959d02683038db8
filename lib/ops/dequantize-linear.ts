/** DequantizeLinear (ONNX): f32(x − zero) · scale, element by element. */
import { apply, literal } from '../ir/build.js';
import { dtypeOf } from '../ir/graph.js';
import { type ElementOp, type NoAttrs, elementwise } from './elementwise.js';
import { alongAxis } from './quantization.js';

export const DequantizeLinear: ElementOp<NoAttrs> = elementwise<NoAttrs>({
  name: 'DequantizeLinear',
  kernel: 'dequantize_linear',
  inputs: ['integer', 'integer', 'float'],
  mixed: [0, 1],
  numbers: () => (x, zero, scale) => Math.fround(x - zero) * scale,
  domains: ['f32'],
  flops: 2,
  onnx: [
    {
      type: 'DequantizeLinear',
      since: 10,
      build(n) {
        const [x, scale, given] = n.inputs;
        const zero = given ?? literal(dtypeOf(x!), [], [0]);
        return [
          apply(DequantizeLinear, {}, [x!, alongAxis(n, x!, zero), alongAxis(n, x!, scale!)]),
        ];
      },
    },
  ],
});
