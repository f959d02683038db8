/** BitCast (ONNX): the same bits as another type of as many bits. */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { type OpDef, defineOp, typeError } from '../ir/op.js';
import { type DType, bitsOf, bytesOf, storageOf, viewBytes } from '../tensor/dtype.js';
import { isPacked } from '../tensor/packing.js';
import { type Tensor, bytesOfTensor, wrapped } from '../tensor/tensor.js';
import { targetOf } from './cast.js';
import { tensorAt } from './facts.js';
import { copyTo, movable } from './moving.js';

export interface BitCastAttrs {
  readonly to: DType;
}

function evaluate(t: Tensor, to: DType): Tensor {
  if (!isPacked(t.dtype))
    return { dtype: to, shape: t.shape, data: viewBytes(to, bytesOfTensor(t)) };
  const elements = viewBytes(storageOf(to), bytesOfTensor(t)).slice() as Uint8Array;
  elements.forEach((x, i) => (elements[i] = wrapped(to, x)));
  return { dtype: to, shape: t.shape, data: elements };
}

/** Bytes mean the same in both; between integers of fewer than 8 bits the upper bits differ. */
const isView = (from: DType, to: DType): boolean => !isPacked(from) || !isPacked(to);

export const BitCast: OpDef<BitCastAttrs> = defineOp<BitCastAttrs>({
  name: 'BitCast',
  infer(inputs, { to }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (dtype === 'string' || to === 'string' || bytesOf(dtype) !== bytesOf(to))
      typeError(`${dtype} and ${to} have not as many bits`);
    return [{ type: { dtype: to, shape } }];
  },
  eval: ([x], { to }) => [evaluate(x!, to)],
  onnx: [
    {
      type: 'BitCast',
      since: 26,
      build(n) {
        const x = n.inputs[0] ?? typeError('input 0 is missing');
        const to = targetOf(n);
        if (bitsOf(dtypeOf(x)) !== bitsOf(to))
          typeError(`${dtypeOf(x)} and ${to} have not as many bits`);
        return [sameBits(x, to)];
      },
    },
  ],
  permute: ({ attrs }, _from, perm) => ({ attrs, inputs: [perm], outputs: [perm] }),
  view: ({ attrs }, source) => [{ ...source, dtype: storageOf(attrs.to) }],
  lower: ({ attrs }, l) => copyTo(l, { ...l.in(0), dtype: storageOf(attrs.to) }, l.out()),
  lowers: (node) => movable(node) && isView(dtypeOf(node.inputs[0]!), node.attrs.to),
});

/**
 * v's elements, of as many bytes in haio's memory, as `to`. From 8 bits to fewer the elements must be
 * in the range of `to`.
 */
export const sameBits = (v: Value, to: DType): Value =>
  dtypeOf(v) === to ? v : apply(BitCast, { to }, [v]);
