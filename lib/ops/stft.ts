/**
 * STFT (ONNX): Fourier transforms of the windowed frames of a signal [N, length, 1 or 2], as
 * [N, frames, bins, 2].
 */
import { defineOp, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { floatAt, numericAt, optionalAt } from './facts.js';
import { fourier } from './fourier.js';
import { intsOf } from './moving.js';
import { knownAt } from './sizes.js';

/** Inputs: signal, step, window or null, length of a frame (default: that of the window). */
export interface StftAttrs {
  readonly onesided: boolean;
}

export const STFT = defineOp<StftAttrs>({
  name: 'STFT',
  infer(inputs, { onesided }, ctx) {
    const { dtype, shape } = floatAt(inputs, 0);
    numericAt(inputs, 1);
    if (shape.length !== 3) shapeError(`a signal has 3 axes, got ${shape.length}`);
    const parts = shape[2]!;
    if (typeof parts === 'number' && parts !== 1 && (parts !== 2 || onesided))
      shapeError(`a last axis of ${parts} is no ${onesided ? 'real' : 'complex'} number`);
    const window = optionalAt(inputs, 2)?.shape[0];
    if (!inputs[3] && window === undefined) shapeError('neither a window nor a frame length');
    const length = inputs[3] ? knownAt(inputs, 3)?.[0] : window;
    const step = knownAt(inputs, 1)?.[0];
    const frames =
      length === undefined || step === undefined
        ? ctx.fresh('frames')
        : D.max(0, D.add(D.floorDiv(D.sub(shape[1]!, length), step), 1));
    const bins = length ?? ctx.fresh('bins');
    const kept = onesided && length !== undefined ? D.add(D.floorDiv(length, 2), 1) : bins;
    return [{ type: { dtype, shape: [shape[0]!, frames, kept, 2] } }];
  },
  eval([signal, hop, window, frame], { onesided }) {
    const [batches, size, parts] = signal!.shape as [number, number, number];
    const step = intsOf(hop)[0]!;
    const length = intsOf(frame)[0] ?? window!.shape[0]!;
    if (step < 1 || length < 1) shapeError(`frames of ${length} elements with a step of ${step}`);
    if (window && window.shape[0] !== length)
      shapeError(`a window of ${window.shape[0]} for frames of ${length}`);
    const frames = Math.max(0, Math.floor((size - length) / step) + 1);
    const bins = onesided ? Math.floor(length / 2) + 1 : length;
    const values = toNumbers(signal!);
    const weights = window ? toNumbers(window) : null;
    const out = new Float64Array(batches * frames * bins * 2);
    let to = 0;
    for (let b = 0; b < batches; b++)
      for (let f = 0; f < frames; f++) {
        const at = (k: number): number => (b * size + f * step + k) * parts;
        const used = (k: number, part: number): number =>
          part < parts ? values[at(k) + part]! * (weights?.[k] ?? 1) : 0;
        const row = {
          re: Float64Array.from({ length }, (_, k) => used(k, 0)),
          im: Float64Array.from({ length }, (_, k) => used(k, 1)),
        };
        const { re, im } = fourier(row, false);
        for (let k = 0; k < bins; k++) {
          out[to++] = re[k]!;
          out[to++] = im[k]!;
        }
      }
    return [fromNumbers(signal!.dtype, [batches, frames, bins, 2], out)];
  },
  onnx: [{ type: 'STFT', since: 17, read: (n) => ({ onesided: n.int('onesided', 1) !== 0 }) }],
});
