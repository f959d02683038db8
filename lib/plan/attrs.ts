/**
 * Attributes of host nodes as JSON. Plain data stays as it is; what JSON lacks becomes an object
 * with the one key "$…": operators by name, sizes as expression rows, weights as ranges, graphs as
 * lists. Reading makes only such data: no code and no names outside the operator table.
 */
import { raise } from '../errors.js';
import {
  type Graph,
  type Type,
  type Value,
  input,
  newFact,
  newNode,
  newValue,
  topological,
} from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import type { Dim, Sym } from '../tensor/dim.js';
import { DTYPES, type DType, type TypedArray, viewBytes } from '../tensor/dtype.js';
import { type Tensor, bytesOfTensor } from '../tensor/tensor.js';
import { type Weight, tensorOf, weightOf } from '../tensor/weight.js';

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface AttrWriter {
  row(d: Dim): number;
  /** byte from the start of the weights where the dense elements will stand */
  store(w: Weight): number;
}
export interface AttrReader {
  dim(row: number): Dim;
  tensor(dtype: DType, shape: readonly number[], at: number): Tensor;
  op(name: string): OpDef;
}

const isOpDef = (x: object): x is OpDef => typeof (x as OpDef).infer === 'function';
const isSymbolic = (x: object): x is Sym => 'terms' in x && 'constant' in x;
const isWeight = (x: object): x is Weight => (x as Weight).bytes instanceof Uint8Array;
const isGraph = (x: object): x is Graph => 'outputNames' in x;

const dtypeOfArray = (x: TypedArray): DType =>
  (Object.keys(DTYPES) as DType[]).find((d) => DTYPES[d].array === x.constructor)!;

export function writeAttrs(x: unknown, to: AttrWriter): Json {
  const write = (y: unknown): Json => writeAttrs(y, to);
  if (x === undefined) return { $undefined: 0 };
  if (x === null || typeof x === 'boolean' || typeof x === 'string') return x;
  if (typeof x === 'number')
    return Number.isFinite(x) && !Object.is(x, -0)
      ? x
      : { $number: Object.is(x, -0) ? '-0' : `${x}` };
  if (typeof x === 'bigint') return { $bigint: `${x}` };
  if (typeof x !== 'object') raise('HAIO_E_INTERNAL', { reason: `attribute of type ${typeof x}` });
  if (Array.isArray(x)) return x.map(write);
  if (ArrayBuffer.isView(x)) {
    const data = x as TypedArray;
    const dtype = dtypeOfArray(data);
    const at = to.store(weightOf({ dtype, shape: [data.length], data }));
    return { $array: [dtype, data.length, at] };
  }
  if (isOpDef(x)) return { $op: x.name };
  if (isSymbolic(x)) return { $dim: to.row(x) };
  if (isWeight(x)) {
    if (x.strings) return { $strings: [[...x.shape], [...x.strings]] };
    return { $weight: [x.dtype, [...x.shape], to.store(x)] };
  }
  if (isGraph(x)) return { $graph: writeGraph(x, to) };
  const out: Record<string, Json> = {};
  for (const [key, value] of Object.entries(x)) {
    if (key.startsWith('$')) raise('HAIO_E_INTERNAL', { reason: `attribute '${key}'` });
    if (value !== undefined) out[key] = write(value);
  }
  return out;
}

/** Values are numbered: inputs, then constants, then the outputs of the nodes. */
function writeGraph(graph: Graph, to: AttrWriter): Json {
  const nodes = topological(graph.outputs);
  const index = new Map<Value, number>();
  const number = (v: Value): void => void index.set(v, index.size);
  graph.inputs.forEach(number);
  const constants: Value[] = [];
  for (const v of [...nodes.flatMap((n) => n.inputs), ...graph.outputs])
    if (v?.weight && !index.has(v)) {
      number(v);
      constants.push(v);
    }
  for (const n of nodes) n.outputs.forEach(number);
  const ref = (v: Value | null): number => (v ? index.get(v)! : -1);
  const typed = (v: Value): Json => [v.name, writeAttrs(v.fact.type, to)];
  return {
    inputs: graph.inputs.map(typed),
    constants: constants.map((v) => [v.name, writeAttrs(v.weight, to)]),
    nodes: nodes.map((n) => [
      n.op.name,
      writeAttrs(n.attrs, to),
      n.inputs.map(ref),
      n.outputs.map(typed),
      [...n.origin],
    ]),
    outputs: graph.outputs.map(ref),
    names: [...graph.outputNames],
  };
}

const MAX_DEPTH = 64;
const bad = (reason: string): never => raise('HAIO_E_PLAN', { reason: `attributes: ${reason}` });

const list = (x: Json | undefined): readonly Json[] =>
  Array.isArray(x) ? (x as readonly Json[]) : bad('expected a list');
const text = (x: Json | undefined): string => (typeof x === 'string' ? x : bad('expected text'));
const whole = (x: Json | undefined): number =>
  typeof x === 'number' && Number.isSafeInteger(x) ? x : bad('expected an integer');
const dtype = (x: Json | undefined): DType => {
  const name = text(x);
  return Object.hasOwn(DTYPES, name) ? (name as DType) : bad(`unknown type '${name}'`);
};
const sizes = (x: Json | undefined): number[] =>
  list(x).map((d) => (whole(d) >= 0 ? whole(d) : bad('negative size')));

/** What `$key` stands for. */
const TAGS: Record<string, (x: Json, from: AttrReader, depth: number) => unknown> = {
  $undefined: () => undefined,
  $number: (x) => Number(text(x)),
  $bigint: (x) => (/^-?\d{1,40}$/.test(text(x)) ? BigInt(text(x)) : bad('expected an integer')),
  $op: (x, from) => from.op(text(x)),
  $dim: (x, from) => from.dim(whole(x)),
  $array(x, from) {
    const [type, length, at] = list(x);
    return from.tensor(dtype(type), sizes([length!]), whole(at)).data;
  },
  $weight(x, from) {
    const [type, shape, at] = list(x);
    return weightOf(from.tensor(dtype(type), sizes(shape), whole(at)));
  },
  $strings(x) {
    const [shape, strings] = list(x);
    return weightOf({ dtype: 'string', shape: sizes(shape), data: list(strings).map(text) });
  },
  $graph: (x, from, depth) => readGraph(x, from, depth),
};

export function readAttrs(x: Json, from: AttrReader, depth = 0): unknown {
  if (depth > MAX_DEPTH) bad('nested too deeply');
  if (x === null || typeof x !== 'object') return x;
  if (Array.isArray(x)) return (x as readonly Json[]).map((y) => readAttrs(y, from, depth + 1));
  const entries = Object.entries(x);
  const [key, value] = entries[0] ?? [];
  if (key?.startsWith('$')) {
    const tag = Object.hasOwn(TAGS, key) ? TAGS[key] : undefined;
    return tag ? tag(value!, from, depth + 1) : bad(`unknown mark '${key}'`);
  }
  return Object.fromEntries(entries.map(([k, y]) => [k, readAttrs(y, from, depth + 1)]));
}

const field = (x: Json, name: string): Json | undefined =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && Object.hasOwn(x, name)
    ? (x as Record<string, Json>)[name]
    : bad(`a graph needs '${name}'`);

function readGraph(x: Json, from: AttrReader, depth: number): Graph {
  const values: Value[] = [];
  const ref = (y: Json): Value => values[whole(y)] ?? bad('unknown value');
  const typed = (y: Json): readonly [string, Type] => {
    const [name, type] = list(y);
    const read = readAttrs(type ?? null, from, depth);
    if (typeof read !== 'object' || read === null) bad('expected a type');
    return [text(name), read as Type];
  };
  const inputs = list(field(x, 'inputs')).map((y) => input(...typed(y)));
  values.push(...inputs);
  for (const y of list(field(x, 'constants'))) {
    const [name, data] = list(y);
    const weight = readAttrs(data ?? null, from, depth);
    if (typeof weight !== 'object' || weight === null || !isWeight(weight))
      bad('expected a weight');
    const { dtype: type, shape } = weight as Weight;
    const fact = newFact({ dtype: type, shape });
    values.push(newValue(fact, null, 0, text(name), weight as Weight));
  }
  for (const y of list(field(x, 'nodes'))) {
    const [op, attrs, ins, outs, origin] = list(y);
    const outputs: Value[] = [];
    const node = newNode(
      from.op(text(op)),
      readAttrs(attrs ?? null, from, depth),
      list(ins).map((i) => (i === -1 ? null : ref(i))),
      outputs,
      list(origin).map(text),
    );
    list(outs).forEach((o, slot) => {
      const [name, type] = typed(o);
      outputs.push(newValue(newFact(type), node, slot, name));
    });
    values.push(...outputs);
  }
  return {
    inputs,
    outputs: list(field(x, 'outputs')).map(ref),
    outputNames: list(field(x, 'names')).map(text),
  };
}

/** Elements in `bytes` at `at` as a tensor; null when they do not fit. */
export function tensorAt(
  read: (at: number, count: number) => Uint8Array | null,
  type: DType,
  shape: readonly number[],
  at: number,
): Tensor | null {
  const size = DTYPES[type].bytes;
  const count = shape.reduce((p, d) => p * d, 1);
  if (size === 0 || !Number.isSafeInteger(count * size) || at < 0) return null;
  const bytes = read(at, count * size);
  return bytes && { dtype: type, shape, data: viewBytes(type, bytes) };
}

/** Dense bytes of a weight. */
export const weightBytes = (w: Weight): Uint8Array => bytesOfTensor(tensorOf(w));
