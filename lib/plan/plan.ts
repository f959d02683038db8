/**
 * The compiled model as plain data: what encode writes, decode reads back and bind works on. All
 * sizes are rows of one expression table; everything that moves between regions is a value with an
 * index.
 */
import type { Json } from './attrs.js';
import type { OpDef } from '../ir/op.js';
import type { DType } from '../tensor/dtype.js';
import type { DimSymbol } from '../tensor/dim.js';
import type { Tensor } from '../tensor/tensor.js';

/** Where a value comes from: a run (an input, or a region's output), the model, or sizes. */
export type Source =
  | { readonly kind: 'run' }
  /** elements stand in the weights, dense, from byte `at` of the model; strings in the table */
  | { readonly kind: 'constant'; readonly at: number; readonly strings?: readonly string[] }
  /** element i is the value of expression rows[i] */
  | { readonly kind: 'sizes'; readonly rows: readonly number[] };

export interface PlanValue {
  readonly name: string;
  /** null for sequences, optionals and maps: they live in JavaScript only */
  readonly dtype: DType | null;
  /** an expression row for each dimension */
  readonly shape: readonly number[];
  readonly source: Source;
}

/** A part of the plan that the addon runs from one bound plan. */
export interface NativeRegion {
  readonly kind: 'native';
  /** one number for each native region of the plan */
  readonly id: number;
  /** value of each entry of the words' inputs and outputs */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** words of lib/plan/format.ts; patched words hold what is added to their expression's value */
  readonly template: Float64Array;
  /** (word, row)*: words[word] += value of row */
  readonly patches: Int32Array;
  /** (first step, last step) of each arena buffer, both included */
  readonly lifespans: Int32Array;
  /** buffers in placing order */
  readonly order: Int32Array;
  /** expression row of each step's floating-point operations */
  readonly flops: Int32Array;
}

/** A body of a host node: its inputs and outputs are values. Sizes that only it knows are its inputs'. */
export interface BodyPlan {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** run in this order */
  readonly regions: readonly Region[];
}

/**
 * A node that runs `eval` on the JavaScript thread, or `steer` where it has bodies, which are plans of
 * their own; then the graphs in its attributes have no nodes. Inputs are values, −1 where absent.
 */
export interface HostNode {
  readonly op: OpDef;
  readonly attrs: unknown;
  /** index in the plan's origins */
  readonly origin: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly bodies: readonly BodyPlan[];
}
export interface HostRegion {
  readonly kind: 'host';
  readonly nodes: readonly HostNode[];
}
export type Region = NativeRegion | HostRegion;

/** All regions of a plan, those of bodies after the host region that they belong to. */
export const allRegions = (regions: readonly Region[]): Region[] =>
  regions.flatMap((r) =>
    r.kind === 'native'
      ? [r]
      : [r, ...r.nodes.flatMap((n) => n.bodies.flatMap((b) => allRegions(b.regions)))],
  );

/** A graph's input or output under its public name. */
export interface Port {
  readonly name: string;
  readonly value: number;
}

/**
 * An input and an output in one buffer: output = input with more behind it along `axis`. The buffer has the
 * output's shape with `capacity` along the axis.
 */
export interface StatePair {
  /** index of the model's input */
  readonly input: number;
  /** index of the model's output */
  readonly output: number;
  readonly axis: number;
}

export interface CompiledModel {
  /** id in the addon's registry */
  readonly model: number;
  readonly symbols: readonly DimSymbol[];
  /** flat expression table, see DimTable */
  readonly rows: Int32Array;
  readonly values: readonly PlanValue[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly state: readonly StatePair[];
  /** index of the symbol that says how much room state buffers have; −1 where there are none */
  readonly capacity: number;
  /** run in this order */
  readonly regions: readonly Region[];
  /** 'name|signature' of all kernels; the words of all regions index this list */
  readonly kernels: readonly string[];
  /** names of nodes for reports and errors */
  readonly origins: readonly string[];
  /** what the compiler tells those who open it; not checked */
  readonly about: Json;
  readonly bytes: { readonly total: number; readonly meta: number; readonly weights: number };
  /** elements of a value whose source is 'constant' */
  constant(value: number): Tensor;
}
