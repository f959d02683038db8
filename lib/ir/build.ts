/** Makes nodes: checks types by `infer`, carries symbolic integer values along. */
import { HaioError, raise } from '../errors.js';
import type { Dim, DimSymbol } from '../tensor/dim.js';
import { isSym, newSymbol, symbolDim, symbolsOf } from '../tensor/dim.js';
import { isInteger } from '../tensor/dtype.js';
import { denseStrides, isStatic } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, tensor, toNumbers } from '../tensor/tensor.js';
import { type Weight, tensorOf, weightOf } from '../tensor/weight.js';
import {
  type Fact,
  type Node,
  type Value,
  VALUE_LIMIT,
  isTensorType,
  newFact,
  newNode,
  newValue,
} from './graph.js';
import { type InferContext, type OpDef, PinRequest } from './op.js';

export interface ApplyOptions {
  readonly origin?: readonly string[];
  /** which outputs are used (default: the first) */
  readonly wanted?: readonly boolean[];
  /** names of the outputs, '' where none */
  readonly names?: readonly string[];
}

const integral = (fact: Fact): boolean =>
  isTensorType(fact.type) && (isInteger(fact.type.dtype) || fact.type.dtype === 'bool');

/** A constant from a weight; small integer ones carry their value as a fact. */
export function constant(weight: Weight, name = ''): Value {
  const type = { dtype: weight.dtype, shape: weight.shape };
  const small = integral({ type }) && sizeOf(weight.shape) <= VALUE_LIMIT;
  const fact = newFact(type, small ? Array.from(toNumbers(tensorOf(weight))) : undefined);
  return newValue(fact, null, 0, name, weight);
}

/** A constant from numbers. */
export const literal = (
  dtype: Tensor['dtype'],
  shape: readonly number[],
  values: ArrayLike<number>,
  name = '',
): Value => constant(weightOf(fromNumbers(dtype, shape, values)), name);

/** The tensor of a constant value, or null; also of values all of whose elements are known numbers. */
export function constantTensor(v: Value | null | undefined): Tensor | null {
  if (!v) return null;
  if (v.weight) return tensorOf(v.weight);
  const { type, value } = v.fact;
  if (!value || !isTensorType(type) || !isStatic(type.shape) || value.some(isSym)) return null;
  return fromNumbers(type.dtype, type.shape, value as number[]);
}

/** Symbolic elements of a fact as a tensor of pool indices: moving ops work on it unchanged. */
function movedValues(
  op: OpDef,
  inputs: readonly (Value | null)[],
  attrs: unknown,
  facts: readonly Fact[],
): (readonly Dim[] | undefined)[] | null {
  const small = ({ type }: Fact): boolean =>
    isTensorType(type) && isStatic(type.shape) && sizeOf(type.shape) <= VALUE_LIMIT;
  if (!op.eval || !op.moves || !facts.every(small)) return null;
  const pool: Dim[] = [];
  const tensors: (Tensor | null)[] = [];
  for (const [i, v] of inputs.entries()) {
    if (!v) {
      tensors.push(null);
      continue;
    }
    const { type, value } = v.fact;
    if (!isTensorType(type) || !isStatic(type.shape)) return null;
    if (op.moves.includes(i) || (op.moves.includes(-1) && i >= 0)) {
      if (!value) return null;
      const base = pool.length;
      pool.push(...value);
      tensors.push(
        tensor(
          'int32',
          type.shape,
          Int32Array.from(value, (_, j) => base + j),
        ),
      );
    } else {
      const t = constantTensor(v);
      if (!t) return null;
      tensors.push(t);
    }
  }
  return op.eval(tensors, attrs).map((t) => [...toNumbers(t)].map((i) => pool[i]!));
}

function elementValues(
  op: OpDef,
  inputs: readonly (Value | null)[],
  attrs: unknown,
  out: Fact,
): readonly Dim[] | undefined {
  if (!op.dim || !isTensorType(out.type) || !isStatic(out.type.shape)) return undefined;
  const shape = out.type.shape;
  const count = sizeOf(shape);
  if (count > VALUE_LIMIT) return undefined;
  const columns: Dim[][] = [];
  for (const v of inputs) {
    const type = v?.fact.type;
    const value = v?.fact.value;
    if (!type || !value || !isTensorType(type) || !isStatic(type.shape)) return undefined;
    const own = type.shape;
    const dense = denseStrides(own) as number[];
    const lead = shape.length - own.length;
    const column: Dim[] = [];
    for (let i = 0; i < count; i++) {
      let rest = i;
      let at = 0;
      for (let axis = shape.length - 1; axis >= lead; axis--) {
        const x = rest % shape[axis]!;
        rest = Math.floor(rest / shape[axis]!);
        if (own[axis - lead] !== 1) at += x * dense[axis - lead]!;
      }
      column.push(value[at]!);
    }
    columns.push(column);
  }
  const result: Dim[] = [];
  for (let i = 0; i < count; i++) {
    const d = op.dim(
      columns.map((c) => c[i]!),
      attrs,
    );
    if (d === undefined) return undefined;
    result.push(d);
  }
  return result;
}

function outputValues(
  op: OpDef,
  inputs: readonly (Value | null)[],
  attrs: unknown,
  facts: readonly Fact[],
): (readonly Dim[] | undefined)[] {
  if (!facts.some(integral)) return [];
  if (op.values)
    return [
      ...op.values(
        inputs.map((v) => v?.fact ?? null),
        attrs,
      ),
    ];
  if (op.moves) return movedValues(op, inputs, attrs, facts) ?? [];
  return [elementValues(op, inputs, attrs, facts[0]!)];
}

let ambient: readonly string[] = [];

/** Runs `make`; nodes made in it without an origin of their own get this one. */
export function withOrigin<T>(origin: readonly string[], make: () => T): T {
  const before = ambient;
  ambient = origin;
  try {
    return make();
  } finally {
    ambient = before;
  }
}

const defaultContext = (wanted: readonly boolean[]): InferContext => ({
  wanted,
  pin(d) {
    if (typeof d === 'number') return d;
    throw new PinRequest([...symbolsOf(d)] as DimSymbol[], []);
  },
  fresh: (hint) => symbolDim(newSymbol(hint)),
});

/**
 * Makes a node of `op` and returns its outputs. Types are inferred; errors of inference are raised
 * with the node's name (the first of `origin`).
 */
export function applyAll<A>(
  op: OpDef<A>,
  attrs: NoInfer<A>,
  inputs: readonly (Value | null)[],
  options: ApplyOptions = {},
): readonly Value[] {
  const { origin = ambient, wanted = [true], names = [] } = options;
  let facts: readonly Fact[];
  try {
    facts = op.infer(
      inputs.map((v) => v?.fact ?? null),
      attrs,
      defaultContext(wanted),
    );
  } catch (e) {
    if (e instanceof HaioError && e.fields['node'] === '')
      raise(e.code, { ...e.fields, node: origin[0] ?? '', op: op.name }, e);
    throw e;
  }
  const values = outputValues(op, inputs, attrs, facts);
  const outputs: Value[] = [];
  const node = newNode(op, attrs, inputs, outputs, origin);
  facts.forEach((fact, slot) => {
    const value = fact.value ?? (integral(fact) ? values[slot] : undefined);
    const kept = newFact(fact.type, value && value.length <= VALUE_LIMIT ? value : undefined);
    outputs.push(newValue(kept, node, slot, names[slot] ?? ''));
  });
  return outputs;
}

/** As applyAll, for ops with one output. */
export const apply = <A>(
  op: OpDef<A>,
  attrs: NoInfer<A>,
  inputs: readonly (Value | null)[],
  options: ApplyOptions = {},
): Value => applyAll(op, attrs, inputs, options)[0]!;

/** The node again with other inputs (same op, attributes, origin and output names). */
export const rebuild = (node: Node, inputs: readonly (Value | null)[]): readonly Value[] =>
  applyAll(node.op, node.attrs, inputs, {
    origin: node.origin,
    wanted: node.outputs.map(() => true),
    names: node.outputs.map((o) => o.name),
  });
