/**
 * DFT (ONNX): the discrete Fourier transform of one axis. The last axis holds the real part, or real
 * and imaginary part; that of the output both, but for the one-sided inverse, which is real.
 */
import { apply } from '../ir/build.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { checkAxis, floatAt, fromStart, numbersOf, rankAt } from './facts.js';
import { fourier } from './fourier.js';
import { intsOf } from './moving.js';
import { knownAt } from './sizes.js';

/** Inputs: x, and the length to which the axis is cut or filled with zeros (default: its size). */
export interface DftAttrs {
  /** 0…rank−2 */
  readonly axis: number;
  readonly inverse: boolean;
  /** only the frequencies up to half of the length: of the result, or given to the inverse */
  readonly onesided: boolean;
}

const read = (n: OnnxNode, axis: number): DftAttrs => {
  const [inverse, onesided] = [n.int('inverse', 0) !== 0, n.int('onesided', 0) !== 0];
  return { axis: fromStart(axis, rankAt(n, 0)), inverse, onesided };
};

export const DFT: OpDef<DftAttrs> = defineOp<DftAttrs>({
  name: 'DFT',
  infer(inputs, { axis, inverse, onesided }, ctx) {
    const { dtype, shape } = floatAt(inputs, 0);
    checkAxis(axis, shape.length - 1);
    const parts = shape.at(-1)!;
    const real = onesided && !inverse;
    if (typeof parts === 'number' && parts !== 1 && (parts !== 2 || real))
      shapeError(`a last axis of ${parts} is no ${real ? 'real' : 'complex'} number`);
    const own = onesided && inverse ? D.mul(2, D.sub(shape[axis]!, 1)) : shape[axis]!;
    const length = inputs[1] ? (knownAt(inputs, 1)?.[0] ?? ctx.fresh('dft')) : own;
    const bins = real ? D.add(D.floorDiv(length, 2), 1) : length;
    const last = onesided && inverse ? 1 : 2;
    return [{ type: { dtype, shape: [...shape.with(axis, bins).slice(0, -1), last] } }];
  },
  eval([x, given], { axis, inverse, onesided }) {
    const { shape, dtype } = x!;
    const [size, parts] = [shape[axis]!, shape.at(-1)!];
    const halved = inverse && onesided;
    const length = intsOf(given)[0] ?? (halved ? 2 * (size - 1) : size);
    if (length < 1) shapeError(`a transform of ${length} elements`);
    const bins = onesided && !inverse ? Math.floor(length / 2) + 1 : length;
    const wide = halved ? 1 : 2;
    const inner = sizeOf(shape.slice(axis + 1, -1));
    const rows = sizeOf(shape.slice(0, axis)) * inner;
    const values = toNumbers(x!);
    const out = new Float64Array(rows * bins * wide);
    for (let r = 0; r < rows; r++) {
      const [outer, column] = [Math.floor(r / inner), r % inner];
      const at = (k: number): number => ((outer * size + k) * inner + column) * parts;
      const used = (k: number, part: number): number =>
        k < size && part < parts ? values[at(k) + part]! : 0;
      // the frequencies above the half are the conjugates of those below
      const mirrored = (k: number): boolean => halved && 2 * k > length;
      const row = {
        re: Float64Array.from({ length }, (_, k) => used(mirrored(k) ? length - k : k, 0)),
        im: Float64Array.from({ length }, (_, k) =>
          mirrored(k) ? -used(length - k, 1) : used(k, 1),
        ),
      };
      const { re, im } = fourier(row, inverse);
      for (let k = 0; k < bins; k++) {
        const to = ((outer * bins + k) * inner + column) * wide;
        out[to] = re[k]!;
        if (wide === 2) out[to + 1] = im[k]!;
      }
    }
    return [fromNumbers(dtype, [...shape.with(axis, bins).slice(0, -1), wide], out)];
  },
  onnx: [
    { type: 'DFT', since: 17, read: (n) => read(n, n.int('axis', 1)) },
    {
      type: 'DFT',
      since: 20,
      build(n) {
        const attrs = read(n, numbersOf(n, n.inputs[2])?.[0] ?? -2);
        return [apply(DFT, attrs, n.inputs.slice(0, 2))];
      },
    },
  ],
});
