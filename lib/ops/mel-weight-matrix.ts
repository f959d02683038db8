/**
 * MelWeightMatrix (ONNX): [dft_length / 2 + 1, mel bins], which takes a spectrum to overlapping
 * triangles that are equally wide on the mel scale.
 */
import { defineOp } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { numericAt } from './facts.js';
import { knownAt } from './sizes.js';
import { outputType } from './windows.js';

export interface MelWeightMatrixAttrs {
  readonly dtype: DType;
}

const melOf = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const hertzOf = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

/** Inputs: number of mel bins, length of the transform, sample rate, lowest and highest frequency. */
export const MelWeightMatrix = defineOp<MelWeightMatrixAttrs>({
  name: 'MelWeightMatrix',
  infer(inputs, { dtype }, ctx) {
    for (let i = 0; i < 5; i++) numericAt(inputs, i);
    const bins = knownAt(inputs, 0)?.[0] ?? ctx.fresh('mel_bins');
    const length = knownAt(inputs, 1)?.[0];
    const rows = length === undefined ? ctx.fresh('dft_bins') : D.add(D.floorDiv(length, 2), 1);
    return [{ type: { dtype, shape: [rows, bins] } }];
  },
  eval(inputs, { dtype }) {
    const [bins, length, rate, low, high] = inputs.map((t) => toNumbers(t!)[0]!) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const rows = Math.floor(length / 2) + 1;
    const step = (melOf(high) - melOf(low)) / (bins + 2);
    const edge = (i: number): number =>
      Math.floor(((length + 1) * hertzOf(i * step + melOf(low))) / rate);
    const out = new Float64Array(rows * bins);
    const set = (row: number, i: number, value: number): void => {
      if (row >= 0 && row < rows) out[row * bins + i] = value;
    };
    for (let i = 0; i < bins; i++) {
      const [left, centre, right] = [edge(i), edge(i + 1), edge(i + 2)];
      for (let j = left; j < centre; j++) set(j, i, (j - left) / (centre - left));
      set(centre, i, 1);
      for (let j = centre; j < right; j++) set(j, i, (right - j) / (right - centre));
    }
    return [fromNumbers(dtype, [rows, bins], out)];
  },
  onnx: [{ type: 'MelWeightMatrix', since: 17, read: (n) => ({ dtype: outputType(n) }) }],
});
