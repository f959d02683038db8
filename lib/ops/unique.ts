/** Unique (ONNX): the different elements, or slices along an axis, and where they are. */
import { applyAll } from '../ir/build.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { type Tensor, fromNumbers, sizeOf } from '../tensor/tensor.js';
import { fromFloat16, fromBfloat16 } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { filled, room } from './moving.js';

export interface UniqueAttrs {
  /** 0…rank−1; null: all elements in row-major order */
  readonly axis: number | null;
  /** in ascending order, else in the order of first occurrence */
  readonly sorted: boolean;
}

type Key = string | number | bigint;
const compare = (a: Key, b: Key): number => (a < b ? -1 : a > b ? 1 : 0);

/** Elements that can be compared and, as strings, told apart. */
const keyOf = (t: Tensor, i: number): Key =>
  t.dtype === 'float16'
    ? fromFloat16(t.data[i] as number)
    : t.dtype === 'bfloat16'
      ? fromBfloat16(t.data[i] as number)
      : (t.data[i] as Key);

const ints = (values: readonly number[]): Tensor => fromNumbers('int64', [values.length], values);

export const Unique: OpDef<UniqueAttrs> = defineOp<UniqueAttrs>({
  name: 'Unique',
  infer(inputs, { axis }, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (axis !== null) checkAxis(axis, shape.length);
    const count = ctx.fresh('unique');
    const all = axis === null ? product(shape) : shape[axis]!;
    return [
      { type: { dtype, shape: axis === null ? [count] : shape.with(axis, count) } },
      { type: { dtype: 'int64', shape: [count] } },
      { type: { dtype: 'int64', shape: [all] } },
      { type: { dtype: 'int64', shape: [count] } },
    ];
  },
  eval([x], { axis, sorted }) {
    const shape = axis === null ? [x!.data.length] : x!.shape;
    const at = axis ?? 0;
    const [size, inner, outer] = [
      shape[at]!,
      sizeOf(shape.slice(at + 1)),
      sizeOf(shape.slice(0, at)),
    ];
    const place = (k: number, i: number): number =>
      (Math.floor(i / inner) * size + k) * inner + (i % inner);
    const slices = Array.from({ length: size }, (_, k) =>
      Array.from({ length: outer * inner }, (_, i) => keyOf(x!, place(k, i))),
    );
    const groups = new Map<string, number[]>();
    slices.forEach((slice, k) => {
      const name = JSON.stringify(slice.map(String));
      const members = groups.get(name);
      if (members) members.push(k);
      else groups.set(name, [k]);
    });
    const found = [...groups.values()];
    if (sorted)
      found.sort(([a], [b]) => {
        const [p, q] = [slices[a!]!, slices[b!]!];
        const i = p.findIndex((v, j) => compare(v, q[j]!) !== 0);
        return i < 0 ? a! - b! : compare(p[i]!, q[i]!);
      });
    const inverse = new Array<number>(size).fill(0);
    found.forEach((members, i) => members.forEach((k) => (inverse[k] = i)));
    const result = shape.with(at, found.length);
    const data = room(x!, sizeOf(result));
    found.forEach(([k], j) => {
      for (let i = 0; i < outer * inner; i++)
        data[(Math.floor(i / inner) * found.length + j) * inner + (i % inner)] =
          x!.data[place(k!, i)];
    });
    return [
      filled(x!, result, data),
      ints(found.map(([first]) => first!)),
      ints(inverse),
      ints(found.map((members) => members.length)),
    ];
  },
  onnx: [
    {
      type: 'Unique',
      since: 11,
      read: (n) => ({
        axis: n.has('axis') ? fromStart(n.int('axis'), rankAt(n, 0)) : null,
        sorted: n.int('sorted', 1) !== 0,
      }),
    },
    {
      // the elements in the order of first occurrence, where each element is among them, their counts
      type: 'Unique',
      since: 1,
      domain: 'com.microsoft',
      build(n) {
        const wanted = [true, true, true, true];
        const all = applyAll(Unique, { axis: null, sorted: false }, n.inputs, { wanted });
        return [all[0]!, all[2]!, all[3]!];
      },
    },
  ],
});
