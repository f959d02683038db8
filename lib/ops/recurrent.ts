/**
 * What LSTM, GRU and RNN share. haio's ops run one direction over time on gates that are already
 * projected: gates[T, B, G·H] = X·Wᵀ + bias. An ONNX node becomes such a product and such an op for
 * each direction, put side by side.
 */
import { apply } from '../ir/build.js';
import { type Fact, type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { type Activation, readActivations } from './activations.js';
import { Concat } from './concat.js';
import { checkSize, floatAt, pinned } from './facts.js';
import { plus } from './formula.js';
import { MatMul } from './mat-mul.js';
import { int64s } from './sizes.js';
import { Slice } from './slice.js';
import { Squeeze } from './squeeze.js';
import { Transpose } from './transpose.js';
import { Unsqueeze } from './unsqueeze.js';

export interface RecurrentAttrs {
  /** from the last time step to the first */
  readonly reverse: boolean;
  /** arguments of activations are clamped to ±clip; 0: they are not */
  readonly clip: number;
  readonly activations: readonly Activation[];
}

/** A product of R with the state at every step; gates is input 0, R input 1. */
export function recurrentCost({ inputs: [gates, r] }: Node): { flops: Dim; bytes: Dim } {
  const [steps, batch] = shapeOf(gates!) as [Dim, Dim];
  const size = D.mul(shapeOf(r!)[0]!, shapeOf(r!)[1]!);
  const all = D.mul(D.mul(steps, batch), size);
  return { flops: D.mul(2, all), bytes: D.mul(4, all) };
}

/** Elements from…to−1 of an axis. */
export const range = (v: Value, axis: number, from: number, to: number): Value =>
  apply(Slice, { axes: [axis], steps: [1] }, [v, int64s([from]), int64s([to])]);

const turned = (v: Value, perm: readonly number[]): Value => apply(Transpose, { perm }, [v]);

/** Lengths of the sequences, or null where all are as long as the input. */
const lengthsOf = (v: Value | null | undefined, steps: Dim): Value | null =>
  !v || v.fact.value?.every((t) => t === steps) ? null : v;

/** The inputs of one direction. */
export interface Direction {
  readonly reverse: boolean;
  readonly activations: readonly Activation[];
  /** [T, B, I] */
  readonly x: Value;
  /** [G·H, I] */
  readonly w: Value;
  /** [G·H, H] */
  readonly r: Value;
  /** input i without its axis of directions */
  part(i: number): Value | null;
  readonly lengths: Value | null;
}

/**
 * The outputs of an ONNX node from those of each direction, which are Y[T, B, H] and then states
 * [B, H]. Inputs: X, W, R, B, sequence_lens, then states and more with the directions first.
 */
export function buildRecurrent(
  n: OnnxNode,
  fallback: readonly string[],
  states: readonly number[],
  cell: (d: Direction) => readonly Value[],
  inputs: OnnxNode['inputs'] = n.inputs,
): Value[] {
  const batchFirst = n.int('layout', 0) !== 0;
  const kind = n.string('direction', 'forward');
  const count = kind === 'bidirectional' ? 2 : 1;
  const x = batchFirst ? turned(inputs[0]!, [1, 0, 2]) : inputs[0]!;
  const activations = readActivations(n, fallback, count);
  const lengths = lengthsOf(inputs[4], shapeOf(x)[0]!);
  const results = Array.from({ length: count }, (_, d) => {
    const part = (i: number): Value | null => {
      const v = inputs[i];
      if (!v) return null;
      const first = batchFirst && states.includes(i) ? turned(v, [1, 0, 2]) : v;
      return apply(Squeeze, { axes: [0] }, [count === 1 ? first : range(first, 0, d, d + 1)]);
    };
    return cell({
      reverse: kind === 'reverse' || d === 1,
      activations: activations.slice(d * fallback.length, (d + 1) * fallback.length),
      x,
      w: part(1)!,
      r: part(2)!,
      part,
      lengths,
    });
  });
  const joined = (k: number, axis: number): Value => {
    const parts = results.map((r) => apply(Unsqueeze, { axes: [axis] }, [r[k]!]));
    return parts.length === 1 ? parts[0]! : apply(Concat, { axis }, parts);
  };
  return results[0]!.map((_, k) => {
    const y = joined(k, k === 0 ? 1 : 0);
    if (!batchFirst) return y;
    return turned(y, k === 0 ? [2, 0, 1, 3] : [1, 0, 2]);
  });
}

/** X·Wᵀ + bias. */
export function project(x: Value, w: Value, bias: Value | null): Value {
  const y = apply(MatMul, { stages: [] }, [x, turned(w, [1, 0])]);
  return bias ? plus(y, bias) : y;
}

/** Number of hidden units of a recurrent matrix [G·H, H]. */
export const hiddenOf = (r: Value): number => pinned(shapeOf(r)[1]!);

/** Facts of Y and `states` final states; inputs 0 and 1 are gates[T, B, count·H] and R[count·H, H]. */
export function inferRecurrent(
  inputs: readonly (Fact | null)[],
  count: number,
  states: number,
): readonly Fact[] {
  const { dtype, shape } = floatAt(inputs, 0);
  const r = floatAt(inputs, 1).shape;
  const [steps, batch] = [shape[0]!, shape[1]!];
  const hidden = r[1]!;
  checkSize('axis 2 of the gates', shape[2], D.mul(count, hidden));
  checkSize('axis 0 of R', r[0], D.mul(count, hidden));
  return [
    { type: { dtype, shape: [steps, batch, hidden] } },
    ...Array.from({ length: states }, () => ({ type: { dtype, shape: [batch, hidden] } })),
  ];
}

/** One sequence of one batch entry, as `evaluate` hands it to a cell. */
export interface Step {
  /** offset of the step's gates */
  readonly gates: number;
  /** offset of its row in Y */
  readonly y: number;
}

/**
 * Calls `visit(batch, steps)` with the time steps of each sequence in the order they are run.
 * `shape` is that of the gates.
 */
export function eachSequence(
  shape: readonly number[],
  hidden: number,
  lengths: Tensor | null,
  reverse: boolean,
  visit: (batch: number, steps: readonly Step[]) => void,
): void {
  const [time, batches, width] = shape as [number, number, number];
  const counts = lengths ? toNumbers(lengths) : null;
  for (let b = 0; b < batches; b++) {
    const count = Math.min(time, counts?.[b] ?? time);
    const steps = Array.from({ length: count }, (_, s) => {
      const row = (reverse ? count - 1 - s : s) * batches + b;
      return { gates: row * width, y: row * hidden };
    });
    visit(b, steps);
  }
}

/**
 * Y and the last h of a cell whose only state is h. Inputs begin with gates, R, h0; `next` gives h after
 * the step whose gates begin at `gates`.
 */
export function evalStates(
  inputs: readonly (Tensor | null)[],
  lengths: Tensor | null,
  reverse: boolean,
  next: (gates: number, state: Float64Array) => Float64Array,
): readonly Tensor[] {
  const { shape, dtype } = inputs[0]!;
  const [time, batches] = shape as [number, number];
  const hidden = inputs[1]!.shape[1]!;
  const h0 = inputs[2] ? toNumbers(inputs[2]) : null;
  const y = new Float64Array(time * batches * hidden);
  const last = new Float64Array(batches * hidden);
  eachSequence(shape, hidden, lengths, reverse, (b, steps) => {
    let state: Float64Array = h0
      ? h0.slice(b * hidden, (b + 1) * hidden)
      : new Float64Array(hidden);
    for (const step of steps) {
      state = next(step.gates, state);
      y.set(state, step.y);
    }
    last.set(state, b * hidden);
  });
  return [
    fromNumbers(dtype, [time, batches, hidden], y),
    fromNumbers(dtype, [batches, hidden], last),
  ];
}

/** y[j] = Σ x[k]·R[row + j, k] for j < H. */
export function dotRows(r: Float64Array, row: number, x: Float64Array): Float64Array {
  const hidden = x.length;
  return Float64Array.from({ length: hidden }, (_, j) => {
    let sum = 0;
    for (let k = 0; k < hidden; k++) sum += x[k]! * r[(row + j) * hidden + k]!;
    return sum;
  });
}

/** x clamped to ±clip where that is not 0. */
export const clipped = (x: number, clip: number): number =>
  clip === 0 ? x : Math.min(clip, Math.max(-clip, x));

/** Hidden units that a panel of packed recurrent weights holds (native/ops/recurrent.h). */
const PANEL = 16;

/** Rows of R, [count·H, H], packed for the kernels; packed while compiling where R is constant. */
export function packRecurrent(l: Lowering, r: Operand, count: number): Operand {
  const hidden = r.shape[1]!;
  const panels = D.ceilDiv(hidden, PANEL);
  const packed = l.temp('float32', [panels, hidden, count * PANEL]);
  l.emit({
    kernel: 'recurrent_pack.f32',
    params: { gates: count },
    inputs: [l.rows(r)],
    outputs: [packed],
    items: panels,
  });
  return packed;
}

/** All floats are f32; lengths, input i, are int32. */
export const recurrentLowers = ({ inputs }: Node, lengths: number): boolean =>
  inputs.every((v, i) => !v || dtypeOf(v) === (i === lengths ? 'int32' : 'float32'));

/** Rows from…to−1. */
export const rowsOf = (o: Operand, from: Dim, to: Dim): Operand => ({
  ...o,
  shape: [D.sub(to, from), ...o.shape.slice(1)],
  offset: D.add(o.offset, D.mul(from, o.strides[0]!)),
});

/** Optional operand i as rows. */
export const optionalRows = (l: Lowering, i: number): Operand | null => {
  const o = l.optional(i);
  return o && l.rows(o);
};
