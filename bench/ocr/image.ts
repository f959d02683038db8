/** Images as interleaved RGB bytes, read and scaled by sharp. */
import sharp from 'sharp';

export interface Image {
  readonly width: number;
  readonly height: number;
  /** width × height × 3, RGB */
  readonly data: Uint8Array;
}

/** Reads any format that sharp knows; transparency becomes white. */
export async function readImage(path: string): Promise<Image> {
  const { data, info } = await sharp(path)
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** A rectangle of the image, scaled to width × height. */
export async function resample(
  image: Image,
  box: { left: number; top: number; width: number; height: number },
  width: number,
  height: number,
): Promise<Image> {
  const data = await sharp(image.data, {
    raw: { width: image.width, height: image.height, channels: 3 },
  })
    .extract(box)
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  return { width, height, data };
}

/** float32 [1,3,height,width] in BGR order, (value/255 − mean)/std per channel (of B, G, R). */
export function toPlanes(
  image: Image,
  mean: readonly number[],
  std: readonly number[],
  paddedWidth = image.width,
): Float32Array {
  const { width, height, data } = image;
  const out = new Float32Array(3 * height * paddedWidth);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        out[(c * height + y) * paddedWidth + x] =
          (data[(y * width + x) * 3 + 2 - c]! / 255 - mean[c]!) / std[c]!;
  return out;
}
