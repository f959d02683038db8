/** One-node models of com.microsoft operators, drawn from a seed. */
import {
  type Attribute,
  encodeModel,
  graph,
  modelOf,
  node,
  valueInfo,
} from '../../lib/onnx/export.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../../lib/tensor/tensor.js';
import { type Random, random } from '../models/random.js';

export interface NodeCase {
  readonly op: string;
  /** in the node's order; null where absent */
  readonly inputs: readonly (Tensor | null)[];
  /** types of the outputs; null where an output is not asked for */
  readonly outputs: readonly (DType | null)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** inputs that are weights of the model; default: none */
  readonly constants?: readonly number[];
  /** default com.microsoft */
  readonly domain?: string;
  /** |got − expected| ≤ tolerance · max(1, |expected|); default 1e-4; integers must be equal */
  readonly tolerance?: number;
  /** sizes must be known when it is compiled */
  readonly closed?: boolean;
  /** the operator has no native form for this: it runs on the JavaScript thread */
  readonly host?: boolean;
  /** the outputs by its documentation, where onnxruntime's CPU provider has no kernel */
  readonly expected?: readonly (Tensor | null)[];
}

/** What cases are drawn with. */
export interface Dice extends Random {
  pick<T>(list: readonly T[]): T;
  /** true with probability p */
  chance(p?: number): boolean;
  /** integers of a type, uniform in [low, high); default: all values of 8-bit types, −100…99 of others */
  ints(dtype: DType, shape: readonly number[], low?: number, high?: number): Tensor;
}
export type Draw = (r: Dice) => NodeCase;

export function diceOf(seed: number): Dice {
  const r = random(seed * 7919 + 13);
  for (let i = 0; i < 3; i++) r.next();
  return {
    ...r,
    pick: (list) => list[r.int(0, list.length)]!,
    chance: (p = 0.5) => r.next() < p,
    ints(dtype, shape, low, high) {
      const [a, b] = dtype === 'uint8' ? [0, 256] : dtype === 'int8' ? [-128, 128] : [-100, 100];
      const [from, to] = [low ?? a, high ?? b];
      return fromNumbers(
        dtype,
        shape,
        Array.from({ length: sizeOf(shape) }, () => r.int(from, to)),
      );
    },
  };
}

export const f32 = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('float32', shape, values);
export const i32 = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('int32', shape, values);
export const i64 = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('int64', shape, values);

/** A float32 tensor whose element at `index` is f(index). */
export function filled(
  shape: readonly number[],
  f: (index: readonly number[]) => number,
  dtype: DType = 'float32',
): Tensor {
  const places = Array.from({ length: sizeOf(shape) }, (_, i) => {
    const index: number[] = [];
    let left = i;
    for (const size of [...shape].reverse()) {
      index.unshift(left % size);
      left = Math.floor(left / size);
    }
    return index;
  });
  return fromNumbers(dtype, shape, places.map(f));
}

/** Reads an element; axes of size 1 and missing leading axes broadcast. */
export function reader(t: Tensor): (...index: readonly number[]) => number {
  const values = toNumbers(t);
  return (...index) => {
    const own = index.slice(index.length - t.shape.length);
    return values[
      own.reduce((at, i, axis) => at * t.shape[axis]! + (t.shape[axis] === 1 ? 0 : i), 0)
    ]!;
  };
}

export const sum = (count: number, f: (i: number) => number): number =>
  Array.from({ length: count }, (_, i) => f(i)).reduce((a, b) => a + b, 0);

export interface CaseModel {
  readonly bytes: Uint8Array;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

const OPSET = 21;

/** The model of a case. With `open`, all sizes of its inputs are symbols, equal ones of one tensor apart. */
export function modelOfCase(c: NodeCase, open = false): CaseModel {
  const { op, attributes = {}, constants = [], domain = 'com.microsoft' } = c;
  const names = c.inputs.map((t, i) => (t ? `x${i}` : ''));
  const outputs = c.outputs.map((d, i) => (d ? `y${i}` : ''));
  const weights: Record<string, Tensor> = {};
  const inputs: Record<string, Tensor> = {};
  c.inputs.forEach((t, i) => {
    if (t) (constants.includes(i) ? weights : inputs)[`x${i}`] = t;
  });
  const infos = Object.entries(inputs).map(([name, t]) =>
    valueInfo(
      name,
      t.dtype,
      open && !c.closed ? t.shape.map((_, axis) => `${name}_${axis}`) : t.shape,
    ),
  );
  const content = graph(
    [node(op, names, outputs, attributes, domain)],
    infos,
    c.outputs.flatMap((d, i) => (d ? [valueInfo(`y${i}`, d)] : [])),
    weights,
  );
  const opsets = [
    { domain: '', version: OPSET },
    { domain: 'com.microsoft', version: 1 },
  ];
  return { bytes: encodeModel({ ...modelOf(content, OPSET), opset_import: opsets }), inputs };
}
