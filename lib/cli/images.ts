/** An image file as a model's input: resized, scaled, normalised. Decoding is the package sharp's work. */
import { raise } from '../errors.js';
import { type Signature, Tensor } from '../index.js';

export interface ImageSpec {
  /** pixels are divided by it before mean and std: 255 or 1 */
  readonly divide: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** channels in the order blue, green, red */
  readonly bgr: boolean;
  /** width and height where the model leaves them open */
  readonly size: readonly [number, number] | null;
}

export const IMAGE_DEFAULTS: ImageSpec = {
  divide: 255,
  mean: [0],
  std: [1],
  bgr: false,
  size: null,
};

/** What of sharp is used. */
interface Sharp {
  resize(width: number, height: number, options: { fit: 'fill' }): Sharp;
  removeAlpha(): Sharp;
  toColourspace(space: string): Sharp;
  raw(): Sharp;
  toBuffer(): Promise<Uint8Array>;
}

async function loadSharp(): Promise<(path: string) => Sharp> {
  const name = 'sharp';
  try {
    const module = (await import(name)) as { default: (path: string) => Sharp };
    return module.default;
  } catch (e) {
    return raise(
      'HAIO_E_ARGUMENT',
      {
        name: 'data',
        expected: "the package 'sharp' beside haio, to read images (npm install sharp)",
        got: (e as Error).message.split('\n')[0],
      },
      e,
    );
  }
}

/** [1, C, H, W], or [1, H, W, C] where the input's last axis is that of 1 or 3 channels. */
export async function imageTensor(
  path: string,
  { name, dtype, shape }: Signature,
  spec: ImageSpec,
): Promise<Tensor> {
  const channelsLast = shape[3] === 3 || shape[3] === 1;
  const [height, width, channels] = (
    channelsLast ? [shape[1], shape[2], shape[3]] : [shape[2], shape[3], shape[1]]
  ).map((d, i) => (typeof d === 'number' ? d : i === 2 ? 3 : (spec.size?.[1 - i] ?? null)));
  if (
    shape.length !== 4 ||
    (dtype !== 'float32' && dtype !== 'uint8') ||
    !height ||
    !width ||
    (channels !== 1 && channels !== 3)
  )
    return raise('HAIO_E_ARGUMENT', {
      name: 'data',
      expected: `an input of images with known width and height (--image-size) for '${name}'`,
      got: `${dtype}[${shape.join(',')}]`,
    });
  const sharp = await loadSharp();
  const pixels = await sharp(path)
    .resize(width, height, { fit: 'fill' })
    .removeAlpha()
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();
  const count = width * height;
  const values = new Array<number>(count * channels);
  for (let p = 0; p < count; p++)
    for (let c = 0; c < channels; c++) {
      const to = spec.bgr ? channels - 1 - c : c;
      const mean = spec.mean[to % spec.mean.length]!;
      const std = spec.std[to % spec.std.length]!;
      const x =
        dtype === 'uint8'
          ? pixels[p * channels + c]!
          : (pixels[p * channels + c]! / spec.divide - mean) / std;
      values[channelsLast ? p * channels + to : to * count + p] = x;
    }
  const dims = channelsLast ? [1, height, width, channels] : [1, channels, height, width];
  return new Tensor(dtype, values, dims);
}
