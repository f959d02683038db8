/** LabelEncoder and CategoryMapper (ONNX): each element becomes the value of the key it equals. */
import type { DType } from '../tensor/dtype.js';
import { type OnnxEntry, type OnnxNode, defineOp, typeError } from '../ir/op.js';
import { type Tensor, sizeOf, tensor } from '../tensor/tensor.js';
import { type Weight, tensorOf, weightOf } from '../tensor/weight.js';
import { tensorAt } from './facts.js';
import { badAttribute } from './forest-read.js';
import { filled, room } from './moving.js';

/** NaN equals NaN. Of equal keys the last one counts. */
export interface LabelEncoderAttrs {
  readonly keys: Weight;
  readonly values: Weight;
  /** one element: the value of what is no key */
  readonly fallback: Weight;
}

const KINDS = ['strings', 'int64s', 'floats'] as const;
type Kind = (typeof KINDS)[number];

const stringTensor = (list: readonly string[]): Tensor => tensor('string', [list.length], list);
const bigTensor = (list: readonly bigint[]): Tensor =>
  tensor('int64', [list.length], BigInt64Array.from(list));

function listOf(n: OnnxNode, name: string, kind: Kind): Tensor {
  if (kind === 'strings') return stringTensor(n.strings(name));
  if (kind === 'int64s') return bigTensor(n.bigints(name));
  const list = n.floats(name);
  return tensor('float32', [list.length], Float32Array.from(list));
}

/** The one of the lists and tensors `prefix_…` that is there. */
function either(n: OnnxNode, prefix: 'keys' | 'values'): Tensor {
  const kind = KINDS.find((k) => n.has(`${prefix}_${k}`));
  if (kind) return listOf(n, `${prefix}_${kind}`, kind);
  const name = [`${prefix}_tensor`, `${prefix}_as_tensor`].find((x) => n.has(x));
  return name === undefined
    ? badAttribute(n, `${prefix}_tensor`, 'a list or tensor', 'nothing')
    : n.tensor(name);
}

function fallbackOf(n: OnnxNode, dtype: DType): Tensor {
  const name = ['default_tensor', 'default_as_tensor'].find((x) => n.has(x));
  if (name !== undefined) {
    const t = n.tensor(name);
    if (t.dtype === dtype && sizeOf(t.shape) === 1) return { ...t, shape: [1] };
    return badAttribute(n, name, `one ${dtype}`, `${t.dtype}[${t.shape.join()}]`);
  }
  if (dtype === 'string') return stringTensor([n.string('default_string', '_Unused')]);
  if (dtype === 'float32')
    return tensor('float32', [1], Float32Array.of(n.float('default_float', -0)));
  const value = dtype === 'float64' ? -0 : n.int('default_int64', -1);
  const data = room(tensor(dtype, [1], []), 1);
  data[0] = dtype === 'int64' || dtype === 'uint64' ? BigInt(value) : value;
  return filled(tensor(dtype, [1], []), [1], data);
}

function attrsOf(n: OnnxNode, keys: Tensor, values: Tensor, fallback: Tensor): LabelEncoderAttrs {
  const [a, b] = [sizeOf(keys.shape), sizeOf(values.shape)];
  if (a !== b) badAttribute(n, 'values', `${a} elements, as many as keys`, `${b}`);
  return { keys: weightOf(keys), values: weightOf(values), fallback: weightOf(fallback) };
}

function read(n: OnnxNode): LabelEncoderAttrs {
  const values = either(n, 'values');
  return attrsOf(n, either(n, 'keys'), values, fallbackOf(n, values.dtype));
}

/** Strings to ints or back, whichever the input is. */
function mapped(n: OnnxNode, strings: Tensor, ints: Tensor): LabelEncoderAttrs {
  const { dtype } = tensorAt([n.inputs[0]?.fact ?? null], 0);
  const [keys, values] = dtype === 'string' ? [strings, ints] : [ints, strings];
  return attrsOf(n, keys, values, fallbackOf(n, values.dtype));
}

const entry = (
  type: string,
  since: number,
  how: (n: OnnxNode) => LabelEncoderAttrs,
): OnnxEntry<LabelEncoderAttrs> => ({ type, domain: 'ai.onnx.ml', since, read: how });

export const LabelEncoder = defineOp<LabelEncoderAttrs>({
  name: 'LabelEncoder',
  infer(inputs, { keys, values }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (dtype !== keys.dtype) typeError(`the keys are ${keys.dtype}, the input is ${dtype}`);
    return [{ type: { dtype: values.dtype, shape } }];
  },
  eval([x], attrs) {
    const values = tensorOf(attrs.values);
    const place = new Map<unknown, number>();
    Array.from(tensorOf(attrs.keys).data as ArrayLike<unknown>).forEach((k, i) => place.set(k, i));
    const other = tensorOf(attrs.fallback).data[0];
    const data = room(values, x!.data.length);
    for (let i = 0; i < data.length; i++) {
      const at = place.get(x!.data[i]);
      data[i] = at === undefined ? other : values.data[at];
    }
    return [filled(values, x!.shape, data)];
  },
  onnx: [
    entry('LabelEncoder', 1, (n) => {
      const strings = n.strings('classes_strings');
      return mapped(n, stringTensor(strings), bigTensor(strings.map((_, i) => BigInt(i))));
    }),
    entry('LabelEncoder', 2, read),
    entry('CategoryMapper', 1, (n) =>
      mapped(n, stringTensor(n.strings('cats_strings')), bigTensor(n.bigints('cats_int64s'))),
    ),
  ],
});
