/** SplitToSequence (ONNX): consecutive parts of one axis as a sequence. */
import { defineOp, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { sequenceOf } from '../tensor/sequence.js';
import { denseStrides } from '../tensor/shape.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { intsOf, strided } from './moving.js';
import { VARIES } from './sequences.js';
import { numbersAt } from './sizes.js';

export interface SplitToSequenceAttrs {
  /** 0…rank−1 */
  readonly axis: number;
  /** without input 1: the axis stays, with size 1 */
  readonly keepdims: boolean;
}

/** Inputs: x; null (parts of 1), the size of all parts but the last, or a list of all sizes. */
export const SplitToSequence = defineOp<SplitToSequenceAttrs>({
  name: 'SplitToSequence',
  infer(inputs, { axis, keepdims }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    checkAxis(axis, shape.length);
    if (!inputs[1]) {
      const item = keepdims ? shape.with(axis, 1) : shape.toSpliced(axis, 1);
      return [{ type: { sequence: { dtype, shape: item } } }];
    }
    const scalar = tensorAt(inputs, 1).shape.length === 0;
    const sizes = numbersAt(inputs, 1);
    const first = sizes?.[0];
    const equal =
      first !== undefined &&
      (scalar ? D.exactDiv(shape[axis]!, first) !== null : sizes!.every((d) => d === first));
    return [{ type: { sequence: { dtype, shape: shape.with(axis, equal ? first : VARIES) } } }];
  },
  eval([x, split], { axis, keepdims }) {
    const { shape } = x!;
    const total = shape[axis]!;
    const part = split ? intsOf(split)[0]! : 1;
    const list = split && split.shape.length > 0 ? intsOf(split) : null;
    if (!list && part < 1) shapeError(`parts of ${part} elements`);
    const sizes =
      list ??
      Array.from({ length: Math.ceil(total / part) }, (_, i) => Math.min(part, total - i * part));
    if (sizes.reduce((a, b) => a + b, 0) !== total || sizes.some((d) => d < 0))
      shapeError(`parts of [${sizes.join(',')}], but axis ${axis} has ${total}`);
    const strides = denseStrides(shape) as number[];
    let start = 0;
    const items = sizes.map((d) => {
      const item = strided(x!, shape.with(axis, d), strides, start * strides[axis]!);
      start += d;
      return split || keepdims ? item : { ...item, shape: shape.toSpliced(axis, 1) };
    });
    return [sequenceOf(items)];
  },
  onnx: [
    {
      type: 'SplitToSequence',
      since: 11,
      read: (n) => ({
        axis: fromStart(n.int('axis', 0), rankAt(n, 0)),
        keepdims: n.int('keepdims', 1) !== 0,
      }),
    },
  ],
});
