/** What an op lowers to: plain data with symbolic sizes, no logic. */
import type { DType } from '../tensor/dtype.js';
import type { Dim } from '../tensor/dim.js';
import type { Weight } from '../tensor/weight.js';
import type { Graph, Value } from './graph.js';

/** Memory that operands lie in. Identity matters: two operands of one buffer overlap. */
export interface Buffer {
  readonly kind: 'arena' | 'weight' | 'input' | 'output' | 'window';
  /** size in bytes; arena buffers and windows only */
  bytes: Dim;
  /** weight buffers only */
  readonly weight?: Weight;
  /** index of the graph's input or output */
  readonly index?: number;
  /** windows only */
  readonly window?: Window;
}

/** Memory within `base.buffer`, from `base.offset` on, that lies elsewhere in each trip of a loop. */
export interface Window {
  readonly base: Pick<Operand, 'buffer' | 'dtype' | 'offset'>;
  /** bytes that it moves by after each trip */
  readonly advance: Dim;
  /** it moves back after every other trip */
  readonly alternates: boolean;
}

/**
 * A strided view of a buffer. Strides and offset in elements; a stride of 0 repeats. Kernels take
 * any outer strides; the innermost dimension is contiguous (stride 1, or size 1) unless the kernel
 * says "any strides". Strides are never negative.
 */
export interface Operand {
  readonly buffer: Buffer;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  readonly strides: readonly Dim[];
  readonly offset: Dim;
}

/**
 * One element-wise operation of a chain or a gemm epilogue. Slots: in a chain, inputs 0…n−1 are
 * slots 0…n−1; in a gemm, slot 0 is the tile and slot 1+j is stage operand j. Each stage's result is
 * the next slot; the last one is stored.
 */
export interface Stage {
  /** 'gelu.f32' */
  readonly kernel: string;
  readonly params: Readonly<Record<string, Dim>>;
  readonly args: readonly number[];
}

export interface StepSpec {
  /** 'softmax.f32': a row of the addon */
  readonly kernel: string;
  /** in the order and with the names of the kernel's signature */
  readonly params: Readonly<Record<string, Dim>>;
  readonly inputs: readonly (Operand | null)[];
  readonly outputs: readonly Operand[];
  /** bytes per worker */
  readonly scratch?: Dim;
  /** one parallel loop: kernel(begin, end) over `items`, `grain` at least per call */
  readonly items: Dim;
  readonly grain?: Dim;
  readonly stages?: readonly Stage[];
  /** inputs that output 0 may overwrite when it has the same elements at the same places */
  readonly inplace?: readonly number[];
}

/** Where an input of a loop's body is. */
export type LoopInput =
  /** the same in all trips */
  | { readonly kind: 'same'; readonly at: Operand }
  /** the number of the trip, int64 */
  | { readonly kind: 'counter' }
  /** `initial` first, then what the trip before gave as output `from`; in the end it is in `last` */
  | {
      readonly kind: 'state';
      readonly initial: Operand;
      readonly from: number;
      readonly last: Operand;
    }
  /** index i, or i from the end, of an axis of `of` */
  | Slices;
export interface Slices {
  readonly kind: 'slice';
  readonly of: Operand;
  readonly axis: number;
  readonly reversed: boolean;
}

export interface LoopSpec {
  readonly body: Graph;
  /** most trips, and where a smaller number is found (int64) */
  readonly trips: Dim;
  readonly limit: Operand | null;
  /** no trip where it is false */
  readonly first: Operand | null;
  /** output of the body that is false after the last trip */
  readonly next: number | null;
  readonly inputs: readonly LoopInput[];
  /** where outputs of the body go in each trip; null for states, `next`, and what nobody needs */
  readonly outputs: readonly (Slices | null)[];
}

/** What `OpDef.lower` writes to. Inputs and outputs are those of the node being lowered. */
export interface Lowering {
  /** operand of input i, maybe a strided view; throws when the input is absent */
  in(i: number): Operand;
  optional(i: number): Operand | null;
  /** where output k must be written; maybe a strided part of another tensor (inner dimension contiguous) */
  out(k?: number): Operand;
  /** a new dense buffer, alive from the first to the last step that uses it */
  temp(dtype: DType, shape: readonly Dim[]): Operand;
  /** the operand itself when its innermost dimension is contiguous, else a copy */
  rows(operand: Operand): Operand;
  /** the operand itself when dense and row-major, else a copy */
  dense(operand: Operand): Operand;
  /** a constant made by the op itself (tables, small vectors) */
  constant(weight: Weight): Operand;
  /** operand of any value that is already lowered (extra inputs of fused stages) */
  of(value: Value): Operand;
  emit(step: StepSpec): void;
  /** One of two bodies, by a condition (one bool): they take `inputs` and give the node's outputs. */
  branch(condition: Operand, bodies: readonly [Graph, Graph], inputs: readonly Operand[]): void;
  loop(spec: LoopSpec): void;
}
