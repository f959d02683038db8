/**
 * GRU over projected gates (ONNX GRU, one direction; Cho et al. 2014). Inputs: gates[T, B, 3H] in the
 * order z r h, R[3H, H], h0[B, H], the recurrent bias of h[H] (only with linearBeforeReset; otherwise
 * it is part of the gates), lengths[B]; all from h0 on may be absent. Outputs: Y[T, B, H], the last h.
 */
import { apply, applyAll } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { type Tensor, toNumbers } from '../tensor/tensor.js';
import { areNamed, formulaOf } from './activations.js';
import { Concat } from './concat.js';
import { plus } from './formula.js';
import {
  type Direction,
  type RecurrentAttrs,
  buildRecurrent,
  clipped,
  dotRows,
  evalStates,
  hiddenOf,
  inferRecurrent,
  optionalRows,
  packRecurrent,
  project,
  range,
  recurrentCost,
  recurrentLowers,
  rowsOf,
} from './recurrent.js';

export interface GruAttrs extends RecurrentAttrs {
  /** the reset gate multiplies R·h + bias, not h */
  readonly linearBeforeReset: boolean;
}

const DEFAULTS = ['sigmoid', 'tanh'];

function cell(n: OnnxNode, d: Direction): readonly Value[] {
  const hidden = hiddenOf(d.r);
  const linearBeforeReset = n.int('linear_before_reset', 0) !== 0;
  const bias = d.part(3);
  const part = (from: number, to: number): Value => range(bias!, 0, from * hidden, to * hidden);
  let sum: Value | null = null;
  if (bias)
    sum = linearBeforeReset
      ? apply(Concat, { axis: 0 }, [plus(part(0, 2), part(3, 5)), part(2, 3)])
      : plus(part(0, 3), part(3, 6));
  const attrs: GruAttrs = {
    reverse: d.reverse,
    clip: n.float('clip', 0),
    activations: d.activations,
    linearBeforeReset,
  };
  const inner = bias && linearBeforeReset ? part(5, 6) : null;
  const inputs = [project(d.x, d.w, sum), d.r, d.part(5), inner, d.lengths];
  return applyAll(Gru, attrs, inputs, { wanted: [true, true] });
}

function evaluate(inputs: readonly (Tensor | null)[], attrs: GruAttrs): readonly Tensor[] {
  const [gates, r] = [toNumbers(inputs[0]!), toNumbers(inputs[1]!)];
  const bias = inputs[3] ? toNumbers(inputs[3]) : null;
  const hidden = inputs[1]!.shape[1]!;
  const [f, g] = attrs.activations.map(formulaOf) as ((x: number) => number)[];
  return evalStates(inputs, inputs[4] ?? null, attrs.reverse, (at, state) => {
    const [z, reset] = [0, 1].map((k) =>
      dotRows(r, k * hidden, state).map((a, j) =>
        f!(clipped(gates[at + k * hidden + j]! + a, attrs.clip)),
      ),
    ) as [Float64Array, Float64Array];
    const inner = attrs.linearBeforeReset
      ? dotRows(r, 2 * hidden, state).map((a, j) => reset[j]! * (a + (bias?.[j] ?? 0)))
      : dotRows(
          r,
          2 * hidden,
          state.map((v, j) => v * reset[j]!),
        );
    return state.map((v, j) => {
      const x = gates[at + 2 * hidden + j]! + inner[j]!;
      return (1 - z[j]!) * g!(clipped(x, attrs.clip)) + z[j]! * v;
    });
  });
}

export const Gru: OpDef<GruAttrs> = defineOp<GruAttrs>({
  name: 'Gru',
  infer: (inputs) => inferRecurrent(inputs, 3, 1),
  eval: evaluate,
  onnx: [
    {
      type: 'GRU',
      since: 1,
      build: (n) => buildRecurrent(n, DEFAULTS, [5], (d) => cell(n, d)),
    },
  ],
  cost: (node) => recurrentCost(node),
  lowers: (node) => recurrentLowers(node, 4) && areNamed(node.attrs.activations, DEFAULTS),
  lower({ attrs }, l) {
    const gates = l.rows(l.in(0));
    const r = l.in(1);
    const hidden = r.shape[1]!;
    const both = packRecurrent(l, rowsOf(r, 0, D.mul(2, hidden)), 2);
    const inner = packRecurrent(l, rowsOf(r, D.mul(2, hidden), D.mul(3, hidden)), 1);
    l.emit({
      kernel: 'gru.f32',
      params: {
        reverse: attrs.reverse ? 1 : 0,
        linear: attrs.linearBeforeReset ? 1 : 0,
        clip: attrs.clip,
      },
      inputs: [gates, both, inner, optionalRows(l, 2), optionalRows(l, 3), l.optional(4)],
      outputs: [l.out(0), l.out(1)],
      // z and r (or r·h) of up to four sequences, in whole panels
      scratch: D.mul(4 * 2 * 4 * 16, D.ceilDiv(hidden, 16)),
      items: gates.shape[1]!,
      grain: 4,
    });
  },
});
