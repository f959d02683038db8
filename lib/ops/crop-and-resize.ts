/**
 * CropAndResize (com.microsoft): regions of images in one common size, of which the corners lie on the
 * region's corners. Samples beyond the image are the extrapolation value.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { checkSize, floatAt, numbersOf, numericAt } from './facts.js';

/** Inputs: x [N, C, H, W], regions [R, 4] of (y1, x1, y2, x2) in parts of the image, image of each [R]. */
export interface CropAndResizeAttrs {
  readonly mode: 'bilinear' | 'nearest';
  readonly extrapolation: number;
  readonly height: number;
  readonly width: number;
}

/** Where `count` samples lie on an axis of `size` elements; null beyond it. */
function places(from: number, to: number, count: number, size: number): (number | null)[] {
  const last = size - 1;
  const step = count > 1 ? Math.fround((to - from) * last) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => {
    const at =
      count === 1 ? 0.5 * (from + to) * last : i === count - 1 ? to * last : from * last + i * step;
    const place = Math.fround(at);
    return place >= 0 && place <= last ? place : null;
  });
}

/** Half away from zero, as C's roundf. */
const nearest = (place: number): number => Math.floor(place + 0.5);

function read(n: OnnxNode): CropAndResizeAttrs {
  const mode = n.string('mode', 'bilinear');
  if (mode !== 'bilinear' && mode !== 'nearest')
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'mode',
      expected: "'bilinear' or 'nearest'",
      got: mode,
    });
  const size = numbersOf(n, n.inputs[3]);
  if (size?.length !== 2 || size.some((s) => s < 1))
    shapeError('the size of the crops is two numbers of at least 1');
  const [height, width] = size as [number, number];
  return { mode, extrapolation: n.float('extrapolation_value', 0), height, width };
}

/** Writes the crop of one channel of h · w elements to out[at…]. */
function crop(
  image: Float64Array,
  [h, w]: readonly [number, number],
  [y1, x1, y2, x2]: readonly number[],
  attrs: CropAndResizeAttrs,
  out: Float64Array,
  at: number,
): void {
  const columns = places(x1!, x2!, attrs.width, w);
  places(y1!, y2!, attrs.height, h).forEach((y, i) => {
    columns.forEach((x, j) => {
      const place = at + i * attrs.width + j;
      if (y === null || x === null) out[place] = attrs.extrapolation;
      else if (attrs.mode === 'nearest') out[place] = image[nearest(y) * w + nearest(x)]!;
      else {
        const along = (row: number): number => {
          const [left, right] = [Math.floor(x), Math.ceil(x)];
          return image[row * w + left]! * (1 - x + left) + image[row * w + right]! * (x - left);
        };
        const part = y - Math.floor(y);
        out[place] = along(Math.floor(y)) * (1 - part) + along(Math.ceil(y)) * part;
      }
    });
  });
}

export const CropAndResize: OpDef<CropAndResizeAttrs> = defineOp<CropAndResizeAttrs>({
  name: 'CropAndResize',
  infer(inputs, { height, width }) {
    const [x, boxes, owners] = [floatAt(inputs, 0), floatAt(inputs, 1), numericAt(inputs, 2)];
    if (x.shape.length !== 4 || boxes.shape.length !== 2 || owners.shape.length !== 1)
      shapeError('expected an image of rank 4, regions of rank 2 and a list of images');
    checkSize('a region', boxes.shape[1], 4);
    checkSize('the list of images', owners.shape[0], boxes.shape[0]!);
    return [{ type: { dtype: x.dtype, shape: [boxes.shape[0]!, x.shape[1]!, height, width] } }];
  },
  eval([x, boxes, owners], attrs) {
    const [images, channels, h, w] = x!.shape as [number, number, number, number];
    const [values, corners, owner] = [toNumbers(x!), toNumbers(boxes!), toNumbers(owners!)];
    const [count, area] = [boxes!.shape[0]!, attrs.height * attrs.width];
    const out = new Float64Array(count * channels * area);
    for (let r = 0; r < count; r++) {
      const image = owner[r]!;
      if (!(image >= 0 && image < images)) shapeError(`there is no image ${image}`);
      const region = Array.from(corners.subarray(r * 4, r * 4 + 4));
      for (let c = 0; c < channels; c++) {
        const plane = values.subarray((image * channels + c) * h * w);
        crop(plane, [h, w], region, attrs, out, (r * channels + c) * area);
      }
    }
    return [fromNumbers(x!.dtype, [count, channels, attrs.height, attrs.width], out)];
  },
  onnx: [
    {
      type: 'CropAndResize',
      since: 1,
      domain: 'com.microsoft',
      build: (n) => [apply(CropAndResize, read(n), n.inputs.slice(0, 3))],
    },
  ],
});
