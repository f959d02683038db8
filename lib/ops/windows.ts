/** Maker of the window functions: sums of cosines over `size` points. */
import { raise } from '../errors.js';
import { type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import { type DType, dtypeOfOnnx } from '../tensor/dtype.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { numericAt } from './facts.js';
import { knownAt } from './sizes.js';

export interface WindowAttrs {
  readonly dtype: DType;
  /** the period is the size, else one less: the window is symmetric */
  readonly periodic: boolean;
}

/** The type that the attribute output_datatype names (default float32). */
export const outputType = (n: OnnxNode): DType =>
  dtypeOfOnnx(n.int('output_datatype', 1)) ??
  raise('HAIO_E_ATTRIBUTE', {
    node: n.name,
    op: n.type,
    attribute: 'output_datatype',
    expected: 'a known element type',
    got: n.int('output_datatype'),
  });

/** Point k of N is Σ coefficients[j] · cos(2π·j·k / period). Input: the size. */
export const window = (name: string, coefficients: readonly number[]): OpDef<WindowAttrs> =>
  defineOp<WindowAttrs>({
    name,
    infer(inputs, { dtype }, ctx) {
      numericAt(inputs, 0);
      return [{ type: { dtype, shape: [knownAt(inputs, 0)?.[0] ?? ctx.fresh('window')] } }];
    },
    eval([size], { dtype, periodic }) {
      const count = toNumbers(size!)[0]!;
      const period = periodic ? count : count - 1;
      const point = (k: number): number =>
        coefficients.reduce((sum, c, j) => sum + c * Math.cos((2 * Math.PI * j * k) / period), 0);
      // a symmetric window of one point has no period: its value is that of the peak
      const peak = coefficients.reduce((sum, c, j) => sum + (j % 2 === 0 ? c : -c), 0);
      const points = Array.from({ length: count }, (_, k) => (period > 0 ? point(k) : peak));
      return [fromNumbers(dtype, [count], points)];
    },
    onnx: [
      {
        type: name,
        since: 17,
        read: (n) => ({
          dtype: outputType(n),
          periodic: n.int('periodic', 1) !== 0,
        }),
      },
    ],
  });
