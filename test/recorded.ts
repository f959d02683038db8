/** Results of the gallery's models as recorded from onnxruntime-node (scripts/expect-gallery.mjs). */
import { readFileSync } from 'node:fs';
import type { DType } from '../lib/tensor/dtype.js';
import { type Tensor, fromNumbers, tensor } from '../lib/tensor/tensor.js';

interface Recorded {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[] | readonly string[];
}
const recorded = JSON.parse(
  readFileSync(new URL('../../test/models/gallery.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, Recorded>>;

const tensorOf = ({ dtype, shape, data }: Recorded): Tensor =>
  dtype === 'string'
    ? tensor(dtype, shape, data as readonly string[])
    : fromNumbers(dtype, shape, data as readonly number[]);

/** Expected outputs of a gallery model by name. */
export const expectedOf = (name: string): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(recorded[name]!).map(([k, r]) => [k, tensorOf(r)]));
