import { applyAll } from '../ir/build.js';
import { evalSteering } from '../ir/eval.js';
import {
  type Fact,
  type Graph,
  type TensorType,
  type Type,
  type Value,
  isTensorType,
  shapeOf,
} from '../ir/graph.js';
import {
  type OnnxNode,
  type OpDef,
  type Steering,
  defineOp,
  shapeError,
  typeError,
} from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { normalAxis } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LoopInput } from '../ir/step.js';
import { isSliceOf, loopBody, outside, slice, stack, staysFixed } from './bodies.js';

export interface ScanAttrs {
  /** inputs: states, one slice of each sequence, captured values; outputs: states, items */
  readonly body: Graph;
  readonly states: number;
  /** axis that each sequence is cut along, and whether from its end */
  readonly axes: readonly number[];
  readonly reversed: readonly boolean[];
  /** axis of each result that the items are put along, and whether from its end */
  readonly outAxes: readonly number[];
  readonly outReversed: readonly boolean[];
}

export const tensorFact = (f: Fact | null | undefined): TensorType =>
  f && isTensorType(f.type) ? f.type : typeError('states and sequences must be tensors');

/** Length of the sequences. */
function lengthOf(sequences: readonly TensorType[], axes: readonly number[]): Dim {
  const sizes = sequences.map((t, i) => t.shape[axes[i]!]!);
  const numbers = new Set(sizes.filter((d) => typeof d === 'number'));
  if (numbers.size > 1) shapeError(`sequences of lengths ${[...numbers].join(', ')}`);
  return [...numbers][0] ?? sizes[0] ?? shapeError('there is no sequence');
}

/**
 * Runs the body for each slice of some sequences. Inputs: states, sequences, captured values. Outputs:
 * states, then results of one item a slice (Scan-9 to -25).
 */
export const Scan: OpDef<ScanAttrs> = defineOp<ScanAttrs>({
  name: 'Scan',
  bodies: (attrs) => [attrs.body],
  withBodies: (attrs, [body]) => ({ ...attrs, body: body! }),
  captures: ({ states, axes }) => states + axes.length,
  infer(inputs, { body, states, axes, outAxes }, ctx) {
    const sequences = axes.map((_, i) => tensorFact(inputs[states + i]));
    const length = lengthOf(sequences, axes);
    const outer = inputs.map((fact) => fact && { fact });
    return body.outputs.map((out, i): Fact => {
      const { dtype, shape } = tensorFact((i < states ? body.inputs[i]! : out).fact);
      const sizes = outside(shape, outer, ctx);
      if (i >= states) sizes.splice(outAxes[i - states]!, 0, length);
      return { type: { dtype, shape: sizes } };
    });
  },
  steer(inputs, attrs) {
    const { states, axes } = attrs;
    return steerScan(inputs, attrs, inputs[states]!.shape[axes[0]!]!);
  },
  eval: (inputs, attrs) => evalSteering(Scan.steer!(inputs, attrs), [attrs.body]),
  lowers({ attrs, inputs, outputs }) {
    const { body, states, axes, outAxes } = attrs;
    const lengths = axes.map((axis, i) => shapeOf(inputs[states + i]!)[axis]);
    return (
      inputs
        .slice(0, states)
        .every((v, i) => staysFixed(v, body.inputs[i]!, body.outputs[i]!, outputs[i]!)) &&
      axes.every((axis, i) => isSliceOf(body.inputs[states + i]!, inputs[states + i], axis)) &&
      outAxes.every((axis, i) => isSliceOf(body.outputs[states + i]!, outputs[states + i], axis)) &&
      lengths.every((d) => d === lengths[0])
    );
  },
  lower({ attrs, inputs }, l) {
    const { body, states, axes, reversed, outAxes, outReversed } = attrs;
    l.loop({
      body,
      trips: shapeOf(inputs[states]!)[axes[0]!]!,
      limit: null,
      first: null,
      next: null,
      inputs: body.inputs.map((_, i): LoopInput => {
        const k = i - states;
        if (k < 0) return { kind: 'state', initial: l.in(i), from: i, last: l.out(i) };
        if (k >= axes.length) return { kind: 'same', at: l.in(i) };
        return { kind: 'slice', of: l.in(i), axis: axes[k]!, reversed: reversed[k]! };
      }),
      outputs: body.outputs.map((_, i) => {
        const k = i - states;
        if (k < 0) return null;
        return { kind: 'slice', of: l.out(i), axis: outAxes[k]!, reversed: outReversed[k]! };
      }),
    });
  },
  onnx: [9, 11, 16, 19, 21, 23, 24, 25].map((since) => ({ type: 'Scan', since, build })),
});

/** The first `length` trips. */
export function* steerScan(
  inputs: readonly (Tensor | null)[],
  { body, states, axes, reversed, outAxes, outReversed }: ScanAttrs,
  length: number,
): Steering {
  let values = inputs.slice(0, states).map((t) => t!);
  const sequences = axes.map((_, i) => inputs[states + i]!);
  const captured = inputs.slice(states + axes.length).map((t) => t!);
  const items: Tensor[][] = outAxes.map(() => []);
  for (let i = 0; i < length; i++) {
    const cut = sequences.map((t, k) => slice(t, axes[k]!, reversed[k] ? length - 1 - i : i));
    const results = yield { body: 0, inputs: [...values, ...cut, ...captured] };
    values = results.slice(0, states);
    items.forEach((list, k) => list.push(results[states + k]!));
  }
  const stacked = items.map((list, k) => {
    const type = tensorFact(body.outputs[states + k]!.fact);
    return stack(outReversed[k] ? list.reverse() : list, outAxes[k]!, type);
  });
  return [...values, ...stacked];
}

function build(n: OnnxNode): readonly Value[] {
  const count = n.int('num_scan_inputs');
  const states = n.inputs.length - count;
  if (count < 1 || states < 0 || n.inputs.includes(null)) shapeError('inputs are missing');
  const types = n.inputs.map((v) => tensorFact(v!.fact));
  const sequences = types.slice(states);
  const axes = n
    .ints('scan_input_axes', new Array<number>(count).fill(0))
    .map((a, i) => axisOf(a, sequences[i]?.shape.length ?? 0));
  if (axes.length !== count) shapeError(`${axes.length} axes for ${count} sequences`);
  const slices = sequences.map(({ dtype, shape }, i): Type => ({
    dtype,
    shape: shape.filter((_, a) => a !== axes[i]),
  }));
  const { graph, captures } = loopBody(n, [], types.slice(0, states), slices, 0);
  const results = graph.outputs.slice(states);
  const zeros = new Array<number>(results.length).fill(0);
  const attrs: ScanAttrs = {
    body: graph,
    states,
    axes,
    reversed: flags(n, 'scan_input_directions', count),
    outAxes: n
      .ints('scan_output_axes', zeros)
      .map((a, i) => axisOf(a, tensorFact(results[i]?.fact).shape.length + 1)),
    outReversed: flags(n, 'scan_output_directions', results.length),
  };
  if (attrs.outAxes.length !== results.length) shapeError('scan_output_axes of another length');
  return applyAll(Scan, attrs, [...n.inputs, ...captures]);
}

const axisOf = (axis: number, rank: number): number =>
  normalAxis(axis, rank) ?? shapeError(`axis ${axis} is outside of rank ${rank}`);

export const flags = (n: OnnxNode, name: string, count: number): boolean[] => {
  const list = n.ints(name, new Array<number>(count).fill(0));
  if (list.length !== count) shapeError(`${name} has ${list.length} elements, expected ${count}`);
  return list.map((x) => x !== 0);
};
