/** Quantisation, element by element. */
import { DequantizeLinear } from '../../lib/ops/dequantize-linear.js';
import { QuantizeLinear } from '../../lib/ops/quantize-linear.js';
import { limitsOf } from '../../lib/tensor/dtype.js';
import { type OpCase, opCase } from '../op-suite.js';

const TYPES = ['uint8', 'int8', 'uint16', 'int16'] as const;

export const cases: readonly OpCase[] = TYPES.flatMap((dtype) => {
  const [lo, hi] = limitsOf(dtype);
  const scale = { shape: [3, 1], range: [0.01, 1] } as const;
  const zero = { shape: [3, 1], dtype, range: [lo, hi] } as const;
  return [
    opCase({
      op: QuantizeLinear,
      name: `to ${dtype}`,
      attrs: { lo, hi },
      inputs: [{ shape: [2, 3, 67], range: [-300, 300] }, scale, zero],
    }),
    opCase({
      op: QuantizeLinear,
      name: `to ${dtype}, halves`,
      attrs: { lo, hi },
      inputs: [
        { shape: [40], values: [0.5, 1.5, -0.5, -1.5, 2.5, 1e9, -1e9, Infinity, -Infinity] },
        { shape: [], values: [1] },
        { shape: [], dtype, values: [3] },
      ],
    }),
    opCase({
      op: DequantizeLinear,
      name: `of ${dtype}`,
      attrs: {},
      inputs: [{ shape: [2, 3, 67], dtype, range: [lo, hi] }, zero, scale],
    }),
  ];
});
