/** Cast (ONNX): the same value in another type. */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { raise } from '../errors.js';
import { type OnnxNode, type OpDef, typeError } from '../ir/op.js';
import type { Lowering } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import {
  DTYPE_NAMES,
  type DType,
  bitsOf,
  dtypeOfOnnx,
  isFloat,
  isInteger,
  kindOf,
  newArray,
} from '../tensor/dtype.js';
import {
  type EncodeOptions,
  type Minifloat,
  type RoundMode,
  isMinifloat,
  minifloatTable,
  toMinifloat,
} from '../tensor/minifloat.js';
import { isPacked } from '../tensor/packing.js';
import { type Tensor, fromNumbers, toNumbers, wrapped } from '../tensor/tensor.js';
import { product } from '../tensor/shape.js';
import { weightOf } from '../tensor/weight.js';
import { grainFor } from './effort.js';
import { type ElementOp, elementwise, lowerChain } from './elementwise.js';
import { movable, widthOf } from './moving.js';
import { writtenAs } from './regroup.js';

/** `saturate` and `roundMode` say how small floats are made; see toMinifloat. */
export interface CastAttrs extends EncodeOptions {
  readonly to: DType;
}

/** A float as an integer: toward zero, saturating at the type's ends, NaN → 0. */
function saturated(x: number, to: DType): bigint {
  if (Number.isNaN(x)) return 0n;
  const bits = BigInt(bitsOf(to));
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

/** Values as a small float. */
function toSmall(t: Tensor, to: Minifloat, options: EncodeOptions): Tensor {
  const data = Uint8Array.from(toNumbers(t), (x) => toMinifloat(to, x, options));
  return { dtype: to, shape: t.shape, data };
}

/**
 * t in the type `to`; wide integers keep their low bits, and so do floats as integers of fewer than 8
 * bits.
 */
export function castTensor(t: Tensor, to: DType, options: EncodeOptions = {}): Tensor {
  if (t.dtype === to) return t;
  if (to === 'string') return { dtype: to, shape: t.shape, data: toText(t) };
  if (t.dtype === 'string') {
    const numbers = fromText(t.data as readonly string[]);
    if (kindOf(to) === 'float') return fromNumbers(to, t.shape, numbers);
    return castTensor(fromNumbers('float64', t.shape, numbers), to, options);
  }
  if (isMinifloat(to)) return toSmall(t, to, options);
  if (!isInteger(to)) return fromNumbers(to, t.shape, toNumbers(t));
  const data = newArray(to, t.data.length);
  const fractions = isFloat(t.dtype) || isMinifloat(t.dtype);
  const range = isPacked(to) ? 'int64' : to;
  const wide = fractions
    ? Array.from(toNumbers(t), (x) => saturated(x, range))
    : Array.from(t.data as ArrayLike<number | bigint>, BigInt);
  wide.forEach((x, i) => {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = x;
    else if (isPacked(to)) data[i] = wrapped(to, Number(BigInt.asIntN(32, x)));
    else data[i] = Number(BigInt.asIntN(32, x));
  });
  return { dtype: to, shape: t.shape, data };
}

/** The attribute `to` of a cast. */
export function targetOf(n: OnnxNode): DType {
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

const MODES: readonly string[] = ['up', 'down', 'nearest'];

function castOf(n: OnnxNode, to: DType): Value {
  const x = n.inputs[0] ?? typeError('input 0 is missing');
  const mode = n.string('round_mode', 'up');
  if (!MODES.includes(mode))
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'round_mode',
      expected: MODES.join(' | '),
      got: mode,
    });
  const options = { saturate: n.int('saturate', 1) !== 0, roundMode: mode as RoundMode };
  return apply(Cast, isMinifloat(to) ? { to, ...options } : { to }, [x]);
}

const Plain: ElementOp<CastAttrs> = elementwise<CastAttrs>({
  name: 'Cast',
  kernel: 'cast',
  inputs: ['any'],
  result: (_, { to }) => to,
  numbers: () => (x) => x,
  eval: ([x], attrs) => castTensor(x!, attrs.to, attrs),
  dim: ([x], { to }) => (to === 'bool' ? D.sub(1, D.eq(x!, 0)) : x!),
  domains: ['f32', 'f64', 'i64'],
  params: ({ to }) => ({ to: DTYPE_NAMES.indexOf(to) }),
  onnx: [
    { type: 'Cast', since: 1, build: (n) => [castOf(n, targetOf(n))] },
    { type: 'CastLike', since: 15, build: (n) => [castOf(n, dtypeOf(n.inputs[1]!))] },
  ],
});

/** Small floats are looked up in a table of all their values. */
function lowerTable(from: Minifloat, to: DType, l: Lowering): void {
  const x = l.in(0);
  const count = product(x.shape);
  const patterns = Uint8Array.from({ length: minifloatTable(from).length }, (_, bits) => bits);
  const all = { dtype: from, shape: [1, patterns.length, 1], data: patterns };
  const table = l.constant(weightOf(castTensor(all, to)));
  const bits = l.temp('int32', x.shape);
  const widen = { op: Plain as OpDef, attrs: { to: 'int32' }, args: [0] };
  lowerChain(l, [widen], [x], bits, 'i64');
  writtenAs(l, l.out(), [1, count, 1], (out) =>
    l.emit({
      kernel: `gather.${widthOf(out)}`,
      params: {},
      inputs: [table, { ...bits, shape: [count], strides: [1] }],
      outputs: [out],
      items: count,
      grain: grainFor(1),
    }),
  );
}

export const Cast: ElementOp<CastAttrs> = {
  ...Plain,
  lower(node, l) {
    const from = dtypeOf(node.inputs[0]!);
    if (isMinifloat(from)) lowerTable(from, node.attrs.to, l);
    else Plain.lower!(node, l);
  },
  lowers(node) {
    const [from, { to }] = [dtypeOf(node.inputs[0]!), node.attrs];
    return isMinifloat(from) ? movable(node) && isFloat(to) : Plain.lowers!(node);
  },
};
