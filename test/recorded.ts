/** Results as recorded from onnxruntime-node (scripts/expect-gallery.mjs). */
import { readFileSync } from 'node:fs';
import type { DType } from '../lib/tensor/dtype.js';
import { type Tensor, fromNumbers, tensor } from '../lib/tensor/tensor.js';

interface Recorded {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** numbers that are not finite are written as text */
  readonly data: readonly (number | string)[];
}
type Results = Readonly<Record<string, Readonly<Record<string, Recorded>>>>;
const read = (file: string): Results =>
  JSON.parse(readFileSync(new URL(`../../test/${file}`, import.meta.url), 'utf8')) as Results;
const gallery = read('models/gallery.json');
const cases = read('contrib/expected.json');

const tensorOf = ({ dtype, shape, data }: Recorded): Tensor =>
  dtype === 'string'
    ? tensor(dtype, shape, data as readonly string[])
    : fromNumbers(dtype, shape, data.map(Number));

const tensorsOf = (results: Readonly<Record<string, Recorded>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(results).map(([k, r]) => [k, tensorOf(r)]));

/** Expected outputs of a gallery model by name. */
export const expectedOf = (name: string): Record<string, Tensor> => tensorsOf(gallery[name]!);

/** Recorded cases of an operator: seeds and the outputs expected by name. */
export const casesOf = (name: string): { seed: number; expected: Record<string, Tensor> }[] =>
  Object.entries(cases)
    .filter(([key]) => key.split(' ')[0] === name)
    .map(([key, results]) => ({ seed: Number(key.split(' ')[1]), expected: tensorsOf(results) }));
