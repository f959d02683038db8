/** Makers of element-wise ops: what one says of itself, and the OpDef that follows. */
import { apply } from '../ir/build.js';
import { type Fact, type Node, type Value, shapeOf } from '../ir/graph.js';
import {
  type OnnxEntry,
  type OnnxNode,
  type OpDef,
  type Trait,
  shapeError,
  typeError,
} from '../ir/op.js';
import type { Domain } from '../ir/stages.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, isFloat, isInteger, kindOf } from '../tensor/dtype.js';
import { broadcast, formatShape, product } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { chainable, domainOfNode, dtypesOf, lowerChain } from './chain-step.js';
import { elementCost } from './effort.js';
import { evalExact, evalNumbers, needsExact } from './element-values.js';
import { tensorAt } from './facts.js';
import { legacyBroadcast } from './legacy-broadcast.js';

export { lowerChain } from './chain-step.js';

export type NoAttrs = Readonly<Record<string, never>>;

/** What an input's elements may be. */
const KINDS = {
  float: isFloat,
  number: (d: DType) => isFloat(d) || isInteger(d),
  integer: isInteger,
  unsigned: (d: DType) => kindOf(d) === 'unsigned',
  bool: (d: DType) => d === 'bool',
  numeric: (d: DType) => d !== 'string',
  any: () => true,
} as const;
export type Kind = keyof typeof KINDS;

export interface ElementSpec<A> {
  readonly name: string;
  /** 'leaky_relu': of the rows 'leaky_relu.f32' …, and of native/ops/leaky_relu.cpp */
  readonly kernel: string;
  readonly inputs: readonly Kind[];
  /** inputs that need not have the type of the others */
  readonly mixed?: readonly number[];
  /** type of the result; default: that of the last input */
  result?(dtypes: readonly DType[], attrs: A): DType;
  /** the meaning; results are rounded to the output's type, integers truncated and wrapped */
  numbers(attrs: A): (...x: number[]) => number;
  /** the meaning on integers of 32 and 64 bits, where numbers could lose bits; wrapped */
  exact?(attrs: A): (...x: bigint[]) => bigint;
  /** replaces both for what they cannot express (strings, moved elements) */
  eval?(tensors: readonly Tensor[], attrs: A): Tensor | null;
  dim?(values: readonly Dim[], attrs: A): Dim | undefined;
  /** domains that have a row of the kernel */
  readonly domains: readonly Domain[];
  /** the sign of 64-bit unsigned integers matters, which the i64 domain cannot see */
  readonly ordered?: boolean;
  params?(attrs: A): Record<string, number>;
  /** floating-point operations an element */
  readonly flops?: number;
  readonly traits?: readonly Trait[];
  readonly onnx?: readonly OnnxEntry<A>[];
}

/** An element-wise op; `domains`: where its stage has a kernel; `flops`: operations an element. */
export interface ElementOp<A> extends OpDef<A> {
  readonly domains: readonly Domain[];
  readonly flops: number;
}

function inferElements<A>(spec: ElementSpec<A>, inputs: readonly (Fact | null)[], attrs: A): Fact {
  const types = spec.inputs.map((_, i) => tensorAt(inputs, i));
  spec.inputs.forEach((kind, i) => {
    const got = types[i]!.dtype;
    if (!KINDS[kind](got)) typeError(`input ${i} must be ${kind}, got ${got}`);
  });
  const same = types.filter((_, i) => !spec.mixed?.includes(i)).map((t) => t.dtype);
  if (same.some((d) => d !== same[0])) typeError(`types differ: ${same.join(', ')}`);
  const shapes = types.map((t) => t.shape);
  const shape = broadcast(...shapes);
  if (!shape) shapeError(`shapes ${shapes.map(formatShape).join(' and ')} do not broadcast`);
  return {
    type: {
      dtype: resultOf(
        spec,
        types.map((t) => t.dtype),
        attrs,
      ),
      shape,
    },
  };
}

const resultOf = <A>(spec: ElementSpec<A>, dtypes: readonly DType[], attrs: A): DType =>
  spec.result?.(dtypes, attrs) ?? dtypes[dtypes.length - 1]!;

function evalElements<A>(spec: ElementSpec<A>, tensors: readonly Tensor[], attrs: A): Tensor {
  const dtype = resultOf(
    spec,
    tensors.map((t) => t.dtype),
    attrs,
  );
  const own = spec.eval?.(tensors, attrs);
  if (own) return own;
  const exact = needsExact(tensors) ? spec.exact?.(attrs) : undefined;
  if (exact) return evalExact(tensors, dtype, exact);
  return evalNumbers(tensors, dtype, spec.numbers(attrs));
}

/** True when the node's stage has a kernel in `domain` and computes what it should there. */
export function runsIn(node: Node, domain: Domain): boolean {
  const { domains } = node.op as Partial<ElementOp<unknown>>;
  if (!domains?.includes(domain) || !chainable(node) || !node.op.lowers?.(node)) return false;
  return domainOfNode(node) === domain || dtypesOf(node).every((d) => d === 'bool');
}

export function elementwise<A>(spec: ElementSpec<A>): ElementOp<A> {
  const { name, kernel, domains, ordered, flops = 1 } = spec;
  const op: ElementOp<A> = {
    name,
    domains,
    flops,
    infer: (inputs, attrs) => [inferElements(spec, inputs, attrs)],
    eval: (inputs, attrs) => [evalElements(spec, inputs as readonly Tensor[], attrs)],
    onnx: spec.onnx ?? [{ type: name, since: 1, read: () => ({}) as A }],
    traits: ['elementwise', ...(spec.traits ?? [])],
    stage: (attrs) => ({ kernel, params: spec.params?.(attrs) ?? {} }),
    cost: (node) => {
      const { bytes } = elementCost(node, 0);
      return { flops: D.mul(flops, product(shapeOf(node.outputs[0]!))), bytes };
    },
    lower(node, l) {
      const args = node.inputs.map((_, i) => i);
      const stage = { op: op as OpDef, attrs: node.attrs, args };
      lowerChain(
        l,
        [stage],
        args.map((i) => l.in(i)),
        l.out(),
        domainOfNode(node),
      );
    },
    lowers: (node) =>
      chainable(node) &&
      domains.includes(domainOfNode(node)) &&
      !(ordered && dtypesOf(node).includes('uint64')),
  };
  return spec.dim ? { ...op, dim: (values, attrs) => spec.dim!(values, attrs) } : op;
}

const snake = (name: string): string => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();

type Options<A> = Partial<Omit<ElementSpec<A>, 'name' | 'numbers'>>;

/** y = f(x); x is float unless `inputs` says otherwise. */
export const unary = (
  name: string,
  f: (x: number) => number,
  options: Options<NoAttrs> = {},
): ElementOp<NoAttrs> =>
  elementwise<NoAttrs>({
    name,
    kernel: snake(name),
    inputs: ['float'],
    numbers: () => f,
    domains: ['f32', 'f64'],
    ...options,
  });

/** The same with attributes, read by `read` and handed to the kernel as they are. */
export const unaryWith = <A extends Record<string, number>>(
  name: string,
  read: (n: OnnxNode) => A,
  f: (attrs: A) => (x: number) => number,
  options: Options<A> = {},
): ElementOp<A> =>
  elementwise<A>({
    name,
    kernel: snake(name),
    inputs: ['float'],
    numbers: f,
    domains: ['f32', 'f64'],
    params: (attrs) => attrs,
    onnx: [{ type: name, since: 1, read }],
    ...options,
  });

/** Entries of an operator that broadcasts as NumPy does since opset 7, and by `axis` before. */
export const broadcasting = (type: string, op: () => OpDef<NoAttrs>): OnnxEntry<NoAttrs>[] => [
  { type, since: 1, build: (n) => legacyBroadcast(n, op()) },
  { type, since: 7, read: () => ({}) },
];

/** The entry of an operator that folds any number of inputs by `op`. */
export const variadic = (type: string, op: () => OpDef<NoAttrs>): OnnxEntry<NoAttrs> => ({
  type,
  since: 1,
  build: (n) => [(n.inputs as Value[]).reduce((a, b) => apply(op(), {}, [a, b]))],
});

/** z = f(x, y) for numbers of one type. */
export const arithmetic = (
  name: string,
  f: (x: number, y: number) => number,
  options: Options<NoAttrs>,
): ElementOp<NoAttrs> => {
  const op: ElementOp<NoAttrs> = elementwise<NoAttrs>({
    name,
    kernel: snake(name),
    inputs: ['number', 'number'],
    numbers: () => f,
    domains: ['f32', 'f64', 'i64'],
    onnx: broadcasting(name, () => op),
    ...options,
  });
  return op;
};

/** Truth of a relation between two values of one type. */
export const relation = (
  name: string,
  holds: (x: number | bigint, y: number | bigint) => boolean,
  options: Options<NoAttrs> & { readonly input?: Kind },
): ElementOp<NoAttrs> => {
  const { input = 'number', ...rest } = options;
  const op: ElementOp<NoAttrs> = elementwise<NoAttrs>({
    name,
    kernel: snake(name),
    inputs: [input, input],
    result: () => 'bool',
    numbers: () => (x, y) => Number(holds(x, y)),
    exact: () => (x, y) => BigInt(holds(x, y)),
    domains: ['f32', 'f64', 'i64'],
    onnx: broadcasting(name, () => op),
    ...rest,
  });
  return op;
};
