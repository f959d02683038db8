/**
 * A plain recurrent layer over projected gates (ONNX RNN, one direction): h = f(gate + R·h). Inputs:
 * gates[T, B, H], R[H, H], h0[B, H], lengths[B]; the last two may be absent. Outputs: Y[T, B, H], the
 * last h.
 */
import { applyAll } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import { type Tensor, toNumbers } from '../tensor/tensor.js';
import { formulaOf } from './activations.js';
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
} from './recurrent.js';

const NATIVE = ['tanh', 'relu'];

function cell(n: OnnxNode, d: Direction): readonly Value[] {
  const hidden = hiddenOf(d.r);
  const bias = d.part(3);
  const sum = bias && plus(range(bias, 0, 0, hidden), range(bias, 0, hidden, 2 * hidden));
  const { reverse, activations } = d;
  const attrs: RecurrentAttrs = { reverse, clip: n.float('clip', 0), activations };
  const inputs = [project(d.x, d.w, sum), d.r, d.part(5), d.lengths];
  return applyAll(Rnn, attrs, inputs, { wanted: [true, true] });
}

function evaluate(inputs: readonly (Tensor | null)[], attrs: RecurrentAttrs): readonly Tensor[] {
  const [gates, r] = [toNumbers(inputs[0]!), toNumbers(inputs[1]!)];
  const f = formulaOf(attrs.activations[0]!);
  return evalStates(inputs, inputs[3] ?? null, attrs.reverse, (at, state) =>
    dotRows(r, 0, state).map((a, j) => f(clipped(gates[at + j]! + a, attrs.clip))),
  );
}

export const Rnn: OpDef<RecurrentAttrs> = defineOp<RecurrentAttrs>({
  name: 'Rnn',
  infer: (inputs) => inferRecurrent(inputs, 1, 1),
  eval: evaluate,
  onnx: [
    {
      type: 'RNN',
      since: 1,
      build: (n) => buildRecurrent(n, ['tanh'], [5], (d) => cell(n, d)),
    },
  ],
  cost: (node) => recurrentCost(node),
  lowers: (node) => recurrentLowers(node, 3) && NATIVE.includes(node.attrs.activations[0]!.name),
  lower({ attrs }, l) {
    const gates = l.rows(l.in(0));
    l.emit({
      kernel: 'rnn.f32',
      params: {
        reverse: attrs.reverse ? 1 : 0,
        relu: attrs.activations[0]!.name === 'relu' ? 1 : 0,
        clip: attrs.clip,
      },
      inputs: [gates, packRecurrent(l, l.in(1), 1), optionalRows(l, 2), l.optional(3)],
      outputs: [l.out(0), l.out(1)],
      items: gates.shape[1]!,
      grain: 4,
    });
  },
});
