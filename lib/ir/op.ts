/**
 * How an operator describes itself. One compulsory answer (`infer`); each further one makes it
 * faster or fusable, none is needed for correctness as long as `eval` or `decompose` is there.
 * Functions are declared as methods so that OpDef<A> is assignable to OpDef<unknown>.
 */
import { raise } from '../errors.js';
import type { Dim, DimSymbol } from '../tensor/dim.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Fact, type Graph, type Node, type Type, type Value, topological } from './graph.js';
import type { Lowering, Operand } from './step.js';

export interface InferContext {
  /** which outputs are used; infer returns a fact for each entry */
  readonly wanted: readonly boolean[];
  /** the number of a size that must be known now: a pin, see PinRequest */
  pin(d: Dim): number;
  /** a fresh unknown size, named after `hint` */
  fresh(hint: string): Dim;
}

/**
 * Thrown when a compile needs numbers that only a run can give: sizes of symbols, the contents of
 * small inputs, or the whole shape of inputs whose rank the model leaves open. The compile is put off
 * and repeated with them.
 */
export class PinRequest extends Error {
  readonly symbols: readonly DimSymbol[];
  readonly inputs: readonly string[];
  readonly shapes: readonly string[];
  constructor(
    symbols: readonly DimSymbol[],
    inputs: readonly string[],
    shapes: readonly string[] = [],
  ) {
    super(`needs ${[...symbols.map((s) => s.name), ...inputs, ...shapes].join(', ')}`);
    this.symbols = symbols;
    this.inputs = inputs;
    this.shapes = shapes;
  }
}

/** An ONNX node as an importer entry sees it. Attribute getters raise HAIO_E_ATTRIBUTE when ill-typed. */
export interface OnnxNode {
  readonly name: string;
  readonly type: string;
  /** version of the operator set that is in force */
  readonly opset: number;
  readonly inputs: readonly (Value | null)[];
  readonly outputCount: number;
  has(name: string): boolean;
  int(name: string, fallback?: number): number;
  float(name: string, fallback?: number): number;
  string(name: string, fallback?: string): string;
  ints(name: string, fallback?: readonly number[]): readonly number[];
  /** as ints, with all 64 bits */
  bigints(name: string, fallback?: readonly bigint[]): readonly bigint[];
  floats(name: string, fallback?: readonly number[]): readonly number[];
  strings(name: string, fallback?: readonly string[]): readonly string[];
  tensor(name: string): Tensor;
  /**
   * The body as a closed graph; outer values it uses are appended to its inputs: see `captures`.
   * `types` are those of its own inputs, where the node knows them better than the body.
   */
  graph(
    name: string,
    types?: readonly (Type | null)[],
  ): { readonly graph: Graph; readonly captures: readonly Value[] };
}

/**
 * One version of an ONNX operator. Either `read` (attributes only, inputs as they are) or `build`
 * (makes any nodes and returns the outputs).
 */
export interface OnnxEntry<A> {
  readonly type: string;
  /** first opset version with this meaning; the highest one not above the model's is taken */
  readonly since: number;
  /** '' (default) is ai.onnx; otherwise 'ai.onnx.ml', 'com.microsoft' … */
  readonly domain?: string;
  read?(n: OnnxNode): A;
  build?(n: OnnxNode): readonly Value[];
}

/** How a transposition passes through an op: see `permute`. */
export interface Permuted<A> {
  readonly attrs: A;
  /** for each input: `perm` with old = Transpose(new, perm), or null where it stays as it is */
  readonly inputs: readonly (readonly number[] | null)[];
  /** for each output: `perm` with old = Transpose(new, perm) */
  readonly outputs: readonly (readonly number[])[];
}

/** Body `body` is to be run. */
export interface BodyCall {
  readonly body: number;
  readonly inputs: readonly Tensor[];
}
export type Steering = Generator<BodyCall, readonly Tensor[], readonly Tensor[]>;

export interface OpDef<A = unknown> {
  /** 'LayerNorm'; files are layer-norm.ts and layer_norm.cpp, the kernel is 'layer_norm.f32' */
  readonly name: string;
  infer(inputs: readonly (Fact | null)[], attrs: A, ctx: InferContext): readonly Fact[];
  /** Plain loops: the meaning, and the oracle of all tests. */
  eval?(inputs: readonly (Tensor | null)[], attrs: A): readonly Tensor[];
  readonly onnx?: readonly OnnxEntry<A>[];
  readonly traits?: readonly Trait[];
  /** inputs whose elements are only moved: their symbolic values pass through `eval` */
  readonly moves?: readonly number[];
  /** integer arithmetic on symbolic values, element by element, after broadcasting */
  dim?(values: readonly Dim[], attrs: A): Dim | undefined;
  /** symbolic values of integer outputs where neither `moves` nor `dim` fits (Shape, Size, Range …) */
  values?(inputs: readonly (Fact | null)[], attrs: A): readonly (readonly Dim[] | undefined)[];
  /** a composite op: the nodes it stands for */
  decompose?(node: Node<A>): readonly Value[];
  bodies?(attrs: A): readonly Graph[];
  /** the attributes with other bodies: the same in every trip of `bodies` */
  withBodies?(attrs: A, bodies: readonly Graph[]): A;
  /**
   * How the node goes about running its bodies: yields a body with its inputs and is given what that
   * makes of them; returns the outputs. `eval` does the same with every body evaluated at once.
   */
  steer?(inputs: readonly (Tensor | null)[], attrs: A): Steering;
  /** the first input that bodies capture: from it on, inputs are the last inputs of each body, too */
  captures?(attrs: A): number;
  /**
   * The same op on transposed data. `perm`: input `from` is Transpose(x, perm). Returns attributes
   * and the permutations of all inputs and outputs, or null where a transposition cannot pass.
   */
  permute?(node: Node<A>, from: number, perm: readonly number[]): Permuted<A> | null;
  /** outputs that are views of input `source`: its operand in, their operands out, or null */
  view?(node: Node<A>, source: Operand): readonly (Operand | null)[] | null;
  /** where each input lies inside output 0 if it is written in place (Concat, Pad), or null */
  parts?(node: Node<A>, out: Operand): readonly (Operand | null)[];
  /** element-wise ops: the kernel of its stage and its parameters; the graph's name is the default */
  stage?(attrs: A): { readonly kernel: string; readonly params: Record<string, number> } | null;
  cost?(node: Node<A>): { readonly flops: Dim; readonly bytes: Dim };
  /** Emits the steps; without it the node is a host node that runs `eval`. */
  lower?(node: Node<A>, l: Lowering): void;
  /** false where the node's types or attributes have no kernel: then it is a host node */
  lowers?(node: Node<A>): boolean;
}

/**
 * commutative: inputs 0 and 1 may change places. elementwise: output shape is the broadcast of the
 * input shapes, element i depends on elements i. impure: never folded or merged.
 */
export type Trait = 'commutative' | 'elementwise' | 'impure';

/** Checks the definition's attribute type at the place where it is written. */
export const defineOp = <A>(op: OpDef<A>): OpDef<A> => op;

export const isOp = <A>(node: Node | null | undefined, op: OpDef<A>): node is Node<A> =>
  node != null && node.op === (op as unknown);

export const hasTrait = (op: OpDef, trait: Trait): boolean => op.traits?.includes(trait) ?? false;

/** The node, or a node of its bodies, does something else at each run. */
export const isImpure = (node: Node): boolean =>
  hasTrait(node.op, 'impure') ||
  (node.op.bodies?.(node.attrs) ?? []).some((g) => topological(g.outputs).some(isImpure));

/** Raises HAIO_E_SHAPE; apply() fills in the node's name. */
export function shapeError(reason: string): never {
  raise('HAIO_E_SHAPE', { reason, node: '', op: '' });
}
/** Raises HAIO_E_TYPE; apply() fills in the node's name. */
export function typeError(reason: string): never {
  raise('HAIO_E_TYPE', { reason, node: '', op: '' });
}
