/**
 * DeformConv (ONNX; Dai et al. 2017, Zhu et al. 2019): a convolution over [N, C, H, W] whose kernel
 * positions are moved by offsets of their own and weighted by a mask. Between pixels values are
 * interpolated linearly, outside of the image they are 0.
 */
import { apply } from '../ir/build.js';
import { type OnnxNode, type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import { shapeOf } from '../ir/graph.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { checkSize, floatAt, pinned } from './facts.js';

/** Inputs: x[N, C, H, W], w[M, C / group, h, w], offset[N, 2·offsetGroup·h·w, …out], bias[M]?, mask? */
export interface DeformConvAttrs {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** before each axis, then behind each */
  readonly pads: readonly number[];
  readonly group: number;
  readonly offsetGroup: number;
}

/** The value of a plane between its pixels. */
function between(plane: Float64Array, from: number, h: number, w: number, y: number, x: number) {
  if (!(y > -1 && y < h && x > -1 && x < w)) return 0;
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [dy, dx] = [y - top, x - left];
  const at = (r: number, c: number): number =>
    r < 0 || r >= h || c < 0 || c >= w ? 0 : plane[from + r * w + c]!;
  const upper = at(top, left) * (1 - dx) + at(top, left + 1) * dx;
  const lower = at(top + 1, left) * (1 - dx) + at(top + 1, left + 1) * dx;
  return upper * (1 - dy) + lower * dy;
}

function read(n: OnnxNode): DeformConvAttrs {
  const ones = [1, 1];
  return {
    strides: n.ints('strides', ones),
    dilations: n.ints('dilations', ones),
    pads: n.ints('pads', [0, 0, 0, 0]),
    group: n.int('group', 1),
    offsetGroup: n.int('offset_group', 1),
  };
}

export const DeformConv: OpDef<DeformConvAttrs> = defineOp<DeformConvAttrs>({
  name: 'DeformConv',
  infer(inputs, { strides, dilations, pads, group, offsetGroup }) {
    const [{ dtype, shape: x }, { shape: w }] = [floatAt(inputs, 0), floatAt(inputs, 1)];
    const offset = floatAt(inputs, 2).shape;
    if ([x, w, offset].some((s) => s.length !== 4))
      shapeError('only images of two spatial axes are convolved');
    const [channels, taps] = [pinned(x[1]!), [pinned(w[2]!), pinned(w[3]!)]];
    if (pinned(w[1]!) * group !== channels || pinned(w[0]!) % group !== 0)
      shapeError(`${channels} channels in ${group} groups do not fit the weights`);
    if (offsetGroup < 1 || channels % offsetGroup !== 0)
      shapeError(`${channels} channels in ${offsetGroup} groups of offsets`);
    if ([...strides, ...dilations].some((d) => d < 1)) shapeError('strides must be at least 1');
    checkSize('axis 1 of the offsets', offset[1], 2 * offsetGroup * sizeOf(taps));
    const out = [0, 1].map((i) => {
      const room = pinned(x[i + 2]!) + pads[i]! + pads[i + 2]! - dilations[i]! * (taps[i]! - 1) - 1;
      const size = Math.max(0, Math.floor(room / strides[i]!) + 1);
      checkSize(`axis ${i + 2} of the offsets`, offset[i + 2], size);
      return size;
    });
    if (inputs[4])
      checkSize('axis 1 of the mask', floatAt(inputs, 4).shape[1], offsetGroup * sizeOf(taps));
    return [{ type: { dtype, shape: [x[0]!, w[0]!, ...out] } }];
  },
  eval([x, w, offset, bias, mask], { strides, dilations, pads, group, offsetGroup }) {
    const [batches, channels, h, width] = x!.shape as [number, number, number, number];
    const [m, each, kh, kw] = w!.shape as [number, number, number, number];
    const [rows, columns] = offset!.shape.slice(2) as [number, number];
    const [area, taps, perOffset] = [rows * columns, kh * kw, channels / offsetGroup];
    const [pixels, weights, moves] = [toNumbers(x!), toNumbers(w!), toNumbers(offset!)];
    const [shares, added] = [mask && toNumbers(mask), bias && toNumbers(bias)];
    const out = new Float64Array(batches * m * area);
    for (let b = 0; b < batches; b++)
      for (let p = 0; p < area; p++) {
        const [row, column] = [Math.floor(p / columns), p % columns];
        // what each channel and kernel position sees
        const seen = new Float64Array(channels * taps);
        for (let c = 0; c < channels; c++)
          for (let t = 0; t < taps; t++) {
            const g = (b * offsetGroup + Math.floor(c / perOffset)) * taps + t;
            const y = row * strides[0]! - pads[0]! + Math.floor(t / kw) * dilations[0]!;
            const z = column * strides[1]! - pads[1]! + (t % kw) * dilations[1]!;
            const [dy, dx] = [moves[2 * g * area + p]!, moves[(2 * g + 1) * area + p]!];
            const from = (b * channels + c) * h * width;
            const share = shares ? shares[g * area + p]! : 1;
            seen[c * taps + t] = share * between(pixels, from, h, width, y + dy, z + dx);
          }
        for (let o = 0; o < m; o++) {
          const first = Math.floor(o / (m / group)) * each;
          let sum = added ? added[o]! : 0;
          for (let i = 0; i < each * taps; i++)
            sum += weights[o * each * taps + i]! * seen[first * taps + i]!;
          out[(b * m + o) * area + p] = sum;
        }
      }
    return [fromNumbers(x!.dtype, [batches, m, rows, columns], out)];
  },
  onnx: [
    {
      type: 'DeformConv',
      since: 19,
      build(n) {
        const [x, w] = n.inputs;
        if (!x || !w) typeError('an input is missing');
        if (shapeOf(x).length !== 4) shapeError('only images of two spatial axes are convolved');
        return [apply(DeformConv, read(n), n.inputs)];
      },
    },
  ],
});
