/** ZipMap (ONNX): each row as a map from labels to its elements. */
import { typeError, defineOp, shapeError } from '../ir/op.js';
import type { DType } from '../tensor/dtype.js';
import { type MapKey, mapTensor } from '../tensor/map.js';
import { sequenceOf } from '../tensor/sequence.js';
import { toNumbers } from '../tensor/tensor.js';
import { floatAt } from './facts.js';
import { type Labels, labelsOf } from './ml-scores.js';

export interface ZipMapAttrs {
  readonly keys: readonly MapKey[];
}

const keysOf = ({ strings, ints }: Labels): readonly MapKey[] => strings ?? ints;

export const ZipMap = defineOp<ZipMapAttrs>({
  name: 'ZipMap',
  infer(inputs, { keys }) {
    const { dtype, shape } = floatAt(inputs, 0);
    if (shape.length < 1 || shape.length > 2) shapeError(`rows of rank ${shape.length}`);
    const width = shape.at(-1)!;
    if (typeof width === 'number' && width !== keys.length)
      shapeError(`${keys.length} keys for rows of ${width}`);
    if (dtype === 'bfloat16') typeError(`rows of ${dtype}`);
    const key: DType = typeof keys[0] === 'string' ? 'string' : 'int64';
    return [{ type: { sequence: { map: [key, { dtype, shape: [] }] } } }];
  },
  eval([x], { keys }) {
    const values = toNumbers(x!);
    const [width, rows] = [x!.shape.at(-1)!, x!.shape.length > 1 ? x!.shape[0]! : 1];
    if (width !== keys.length) shapeError(`${keys.length} keys for rows of ${width}`);
    const maps = Array.from({ length: rows }, (_, r) =>
      mapTensor(new Map(keys.map((k, i) => [k, values[r * width + i]!]))),
    );
    return [sequenceOf(maps)];
  },
  onnx: [
    {
      type: 'ZipMap',
      domain: 'ai.onnx.ml',
      since: 1,
      read: (n) => ({ keys: keysOf(labelsOf(n, 'classlabels_int64s')) }),
    },
  ],
});
