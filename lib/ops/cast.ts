/** Cast (ONNX): the same value in another type. */
import { apply } from '../ir/build.js';
import { dtypeOf } from '../ir/graph.js';
import { raise } from '../errors.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import {
  DTYPE_NAMES,
  type DType,
  bytesOf,
  dtypeOfOnnx,
  isFloat,
  isInteger,
  kindOf,
  newArray,
} from '../tensor/dtype.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { type ElementOp, elementwise } from './elementwise.js';

export interface CastAttrs {
  readonly to: DType;
}

/** A float as an integer: toward zero, saturating at the type's ends, NaN → 0. */
function saturated(x: number, to: DType): bigint {
  if (Number.isNaN(x)) return 0n;
  const bits = BigInt(bytesOf(to) * 8);
  const signed = kindOf(to) === 'signed';
  const lo = signed ? -(1n << (bits - 1n)) : 0n;
  const hi = (1n << (signed ? bits - 1n : bits)) - 1n;
  if (x <= Number(lo)) return lo;
  return x >= Number(hi) ? hi : BigInt(Math.trunc(x));
}

/** The shortest decimal form that is this float32 again. */
function shortest(x: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const near = Number(x.toPrecision(digits));
    if (Math.fround(near) === x) return String(near);
  }
  return String(Number(x.toPrecision(9)));
}

/** Floats as ONNX writes them: NaN, INF, -INF, else as short as their type allows. */
function toText(t: Tensor): string[] {
  const finite = t.dtype === 'float32' ? (x: number | bigint) => shortest(Number(x)) : String;
  const text = (x: number | bigint): string =>
    Number.isNaN(x) ? 'NaN' : x === Infinity ? 'INF' : x === -Infinity ? '-INF' : finite(x);
  const list = isFloat(t.dtype) ? toNumbers(t) : (t.data as ArrayLike<number | bigint>);
  return Array.from(list, text);
}

function fromText(data: readonly string[]): number[] {
  return data.map((s) => {
    const word = s.trim().toUpperCase();
    return word === 'INF' || word === '+INF' ? Infinity : word === '-INF' ? -Infinity : Number(s);
  });
}

/** t in the type `to`; wide integers keep their low bits. */
export function castTensor(t: Tensor, to: DType): Tensor {
  if (t.dtype === to) return t;
  if (to === 'string') return { dtype: to, shape: t.shape, data: toText(t) };
  if (t.dtype === 'string') {
    const numbers = fromText(t.data as readonly string[]);
    if (!isInteger(to)) return fromNumbers(to, t.shape, numbers);
    return castTensor(fromNumbers('float64', t.shape, numbers), to);
  }
  if (!isInteger(to)) return fromNumbers(to, t.shape, toNumbers(t));
  const data = newArray(to, t.data.length);
  const wide = isFloat(t.dtype)
    ? Array.from(toNumbers(t), (x) => saturated(x, to))
    : Array.from(t.data as ArrayLike<number | bigint>, BigInt);
  wide.forEach((x, i) => {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = x;
    else data[i] = Number(BigInt.asIntN(32, x));
  });
  return { dtype: to, shape: t.shape, data };
}

function targetOf(n: OnnxNode): DType {
  // in opset 1 the type is written as a name
  const name =
    n.opset < 6
      ? n
          .string('to')
          .toLowerCase()
          .replace(/^float$/, 'float32')
      : null;
  const to = name ? (name.replace(/^double$/, 'float64') as DType) : dtypeOfOnnx(n.int('to'));
  if (to && DTYPE_NAMES.includes(to)) return to;
  return raise('HAIO_E_ATTRIBUTE', {
    node: n.name,
    op: n.type,
    attribute: 'to',
    expected: 'a known element type',
    got: name ?? n.int('to'),
  });
}

export const Cast: ElementOp<CastAttrs> = elementwise<CastAttrs>({
  name: 'Cast',
  kernel: 'cast',
  inputs: ['any'],
  result: (_, { to }) => to,
  numbers: () => (x) => x,
  eval: ([x], { to }) => castTensor(x!, to),
  dim: ([x], { to }) => (to === 'bool' ? D.sub(1, D.eq(x!, 0)) : x!),
  domains: ['f32', 'f64', 'i64'],
  params: ({ to }) => ({ to: DTYPE_NAMES.indexOf(to) }),
  onnx: [
    { type: 'Cast', since: 1, read: (n) => ({ to: targetOf(n) }) },
    {
      type: 'CastLike',
      since: 15,
      build: (n) => [apply(Cast, { to: dtypeOf(n.inputs[1]!) }, [n.inputs[0]!])],
    },
  ],
});
