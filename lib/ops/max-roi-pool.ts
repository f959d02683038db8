/**
 * MaxRoiPool (ONNX; Girshick, Fast R-CNN, 2015): each region of an image in a grid of cells, the
 * greatest element of each. Inputs x[N, C, H, W], regions [R, 5] of (image, x1, y1, x2, y2), ends included.
 */
import { type OnnxNode, defineOp, shapeError } from '../ir/op.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { checkSize, floatAt } from './facts.js';

export interface MaxRoiPoolAttrs {
  readonly height: number;
  readonly width: number;
  /** of the regions' coordinates */
  readonly scale: number;
}

/** From and to of cell i of `count` over the elements from…to of an axis of `size`. */
function cell(i: number, count: number, from: number, to: number, size: number): [number, number] {
  const bin = Math.max(to - from + 1, 1) / count;
  const inside = (v: number): number => Math.min(Math.max(v + from, 0), size);
  return [inside(Math.floor(i * bin)), inside(Math.ceil((i + 1) * bin))];
}

/** Nearest integer, halves away from 0. */
const rounded = (v: number): number => Math.sign(v) * Math.round(Math.abs(v));

function read(n: OnnxNode): MaxRoiPoolAttrs {
  const [height, width] = n.ints('pooled_shape');
  if (height === undefined || width === undefined || height < 1 || width < 1)
    shapeError('pooled_shape must have two sizes of at least 1');
  return { height, width, scale: n.float('spatial_scale', 1) };
}

export const MaxRoiPool = defineOp<MaxRoiPoolAttrs>({
  name: 'MaxRoiPool',
  infer(inputs, { height, width }) {
    const [{ dtype, shape }, rois] = [floatAt(inputs, 0), floatAt(inputs, 1).shape];
    if (shape.length !== 4 || rois.length !== 2) shapeError('expected [N, C, H, W] and [R, 5]');
    checkSize('axis 1 of the regions', rois[1], 5);
    return [{ type: { dtype, shape: [rois[0]!, shape[1]!, height, width] } }];
  },
  eval([x, rois], { height, width, scale }) {
    const [images, channels, h, w] = x!.shape as [number, number, number, number];
    const [values, regions] = [toNumbers(x!), toNumbers(rois!)];
    const count = rois!.shape[0]!;
    const out = new Float64Array(count * channels * height * width);
    let to = 0;
    for (let r = 0; r < count; r++) {
      const image = regions[5 * r]!;
      if (!(image >= 0 && image < images)) shapeError(`region ${r} is in image ${image}`);
      const [x1, y1, x2, y2] = [1, 2, 3, 4].map((k) => rounded(regions[5 * r + k]! * scale)) as [
        number,
        number,
        number,
        number,
      ];
      for (let c = 0; c < channels; c++)
        for (let i = 0; i < height; i++)
          for (let j = 0; j < width; j++) {
            const [top, bottom] = cell(i, height, y1, y2, h);
            const [left, right] = cell(j, width, x1, x2, w);
            const plane = (Math.trunc(image) * channels + c) * h * w;
            let most = top < bottom && left < right ? -Infinity : 0;
            for (let y = top; y < bottom; y++)
              for (let z = left; z < right; z++) most = Math.max(most, values[plane + y * w + z]!);
            out[to++] = most;
          }
    }
    return [fromNumbers(x!.dtype, [count, channels, height, width], out)];
  },
  onnx: [{ type: 'MaxRoiPool', since: 1, read }],
});
