/**
 * RoiAlign (ONNX): a grid of outputs for each region of an image, each made of bilinear samples
 * (He et al., Mask R-CNN, 2017).
 */
import { raise } from '../errors.js';
import { type OnnxNode, defineOp, shapeError } from '../ir/op.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { checkSize, floatAt, numericAt } from './facts.js';

/** Inputs: x [N, C, H, W], regions [R, 4] of (x1, y1, x2, y2), image of each region [R]. */
export interface RoiAlignAttrs {
  readonly mode: 'avg' | 'max';
  readonly halfPixel: boolean;
  readonly height: number;
  readonly width: number;
  /** samples of an output in each direction; 0: as many as it covers elements */
  readonly samplingRatio: number;
  readonly scale: number;
}

/** Where a sample lies on an axis: its two elements and the part of the second; null: outside. */
function place(x: number, size: number): readonly [number, number, number] | null {
  if (!(x >= -1 && x <= size)) return null;
  const inside = Math.max(x, 0);
  const low = Math.floor(inside);
  return low >= size - 1 ? [size - 1, size - 1, 0] : [low, low + 1, inside - low];
}

interface Span {
  readonly start: number;
  readonly bin: number;
  readonly samples: number;
}
function spanOf(from: number, to: number, count: number, attrs: RoiAlignAttrs): Span {
  const shift = attrs.halfPixel ? 0.5 : 0;
  const length = (to - from) * attrs.scale;
  const bin = (attrs.halfPixel ? length : Math.max(length, 1)) / count;
  const samples = attrs.samplingRatio > 0 ? attrs.samplingRatio : Math.ceil(bin);
  return { start: from * attrs.scale - shift, bin, samples };
}
const sampleOf = ({ start, bin, samples }: Span, i: number, k: number): number =>
  start + i * bin + ((k + 0.5) * bin) / samples;

function read(n: OnnxNode): RoiAlignAttrs {
  const one = (name: string, first: string, second: string, fallback: string): boolean => {
    const got = n.string(name, fallback);
    if (got !== first && got !== second)
      raise('HAIO_E_ATTRIBUTE', {
        node: n.name,
        op: n.type,
        attribute: name,
        expected: `'${first}' or '${second}'`,
        got,
      });
    return got === first;
  };
  const transform = 'coordinate_transformation_mode';
  return {
    mode: one('mode', 'avg', 'max', 'avg') ? 'avg' : 'max',
    halfPixel: n.opset >= 16 && one(transform, 'half_pixel', 'output_half_pixel', 'half_pixel'),
    height: n.int('output_height', 1),
    width: n.int('output_width', 1),
    samplingRatio: n.int('sampling_ratio', 0),
    scale: n.float('spatial_scale', 1),
  };
}

export const RoiAlign = defineOp<RoiAlignAttrs>({
  name: 'RoiAlign',
  infer(inputs, { height, width }) {
    const [x, rois, batch] = [floatAt(inputs, 0), floatAt(inputs, 1), numericAt(inputs, 2)];
    if (x.shape.length !== 4 || rois.shape.length !== 2 || batch.shape.length !== 1)
      shapeError('expected an image of rank 4, regions of rank 2 and a list of images');
    checkSize('a region', rois.shape[1], 4);
    checkSize('the list of images', batch.shape[0], rois.shape[0]!);
    return [{ type: { dtype: x.dtype, shape: [rois.shape[0]!, x.shape[1]!, height, width] } }];
  },
  eval([x, rois, batch], attrs) {
    const { height, width, mode } = attrs;
    const [images, channels, h, w] = x!.shape as [number, number, number, number];
    const [values, boxes, owner] = [toNumbers(x!), toNumbers(rois!), toNumbers(batch!)];
    const count = rois!.shape[0]!;
    const out = new Float64Array(count * channels * height * width);
    for (let r = 0, at = 0; r < count; r++) {
      const image = owner[r]!;
      if (!(image >= 0 && image < images)) shapeError(`there is no image ${image}`);
      const [x1, y1, x2, y2] = boxes.subarray(r * 4) as unknown as [number, number, number, number];
      const [rows, columns] = [spanOf(y1, y2, height, attrs), spanOf(x1, x2, width, attrs)];
      for (let c = 0; c < channels; c++) {
        const base = (image * channels + c) * h * w;
        for (let i = 0; i < height; i++)
          for (let j = 0; j < width; j++, at++) {
            let [sum, most] = [0, -Infinity];
            for (let k = 0; k < rows.samples; k++)
              for (let l = 0; l < columns.samples; l++) {
                const y = place(sampleOf(rows, i, k), h);
                const z = place(sampleOf(columns, j, l), w);
                // the maximum is that of the weighted corners, as ONNX's reference has it
                const corners =
                  y && z
                    ? [0, 1].flatMap((a) =>
                        [0, 1].map(
                          (b) =>
                            (a ? y[2] : 1 - y[2]) *
                            (b ? z[2] : 1 - z[2]) *
                            values[base + y[a]! * w + z[b]!]!,
                        ),
                      )
                    : [0];
                sum += corners.reduce((p, q) => p + q, 0);
                most = Math.max(most, ...corners);
              }
            const samples = rows.samples * columns.samples;
            if (mode === 'avg') out[at] = sum / Math.max(samples, 1);
            else out[at] = samples > 0 ? most : 0;
          }
      }
    }
    return [fromNumbers(x!.dtype, [count, channels, height, width], out)];
  },
  onnx: [{ type: 'RoiAlign', since: 10, read }],
});
