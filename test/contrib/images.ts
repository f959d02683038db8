/** Cases: samples of images. */
import { type Draw, f32, i32, i64 } from './case.js';

const F = 'float32' as const;

const gridSample: Draw = (r) => {
  const [n, c, h, w] = [r.int(1, 3), r.int(1, 4), r.int(2, 6), r.int(2, 6)];
  return {
    op: 'GridSample',
    inputs: [r.tensor([n, c, h, w]), r.tensor([n, r.int(1, 5), r.int(1, 5), 2], 0.8)],
    outputs: [F],
    host: true,
    attributes: {
      mode: r.pick(['bilinear', 'nearest', 'bicubic']),
      padding_mode: r.pick(['zeros', 'border', 'reflection']),
      align_corners: r.int(0, 2),
    },
  };
};

const convTranspose: Draw = (r) => {
  const [n, c, m, group] = [r.int(1, 3), 2 * r.int(1, 4), r.int(1, 7), r.pick([1, 2])];
  const stride = r.int(1, 3);
  const pads = [0, 1, 2, 3].map(() => r.int(0, 2));
  const bias = r.chance() ? [r.tensor([m * group])] : [];
  return {
    op: 'ConvTransposeWithDynamicPads',
    inputs: [
      r.tensor([n, c, r.int(2, 6), r.int(2, 6)]),
      r.tensor([c, m, 3, 3], 0.3),
      i64([4], ...pads),
      ...bias,
    ],
    constants: bias.length ? [1, 2, 3] : [1, 2],
    outputs: [F],
    attributes: { strides: [stride, stride], group, kernel_shape: [3, 3] },
  };
};

/** Regions within the image, and some that reach beyond it. */
const cropAndResize: Draw = (r) => {
  const [n, c, h, w, regions] = [r.int(1, 3), r.int(1, 4), r.int(1, 7), r.int(1, 7), r.int(1, 5)];
  const reach = r.chance(0.3) ? 1.5 : 1;
  const corner = (): number => (r.next() - 0.5) * reach + 0.5;
  const boxes = Array.from({ length: 4 * regions }, corner);
  return {
    op: 'CropAndResize',
    inputs: [
      r.tensor([n, c, h, w]),
      f32([regions, 4], ...boxes),
      r.ints('int32', [regions], 0, n),
      i32([2], r.int(1, 6), r.int(1, 6)),
    ],
    constants: [3],
    outputs: [F],
    host: true,
    attributes: {
      mode: r.pick(['bilinear', 'nearest']),
      ...(r.chance() ? { extrapolation_value: { float: -3 } } : {}),
    },
  };
};

export const IMAGES: Readonly<Record<string, Draw>> = {
  GridSample: gridSample,
  ConvTransposeWithDynamicPads: convTranspose,
  CropAndResize: cropAndResize,
};
