/**
 * LSTM over projected gates (ONNX LSTM, one direction; Hochreiter, Schmidhuber 1997, with peepholes).
 * Inputs: gates[T, B, 4H] in the order i o f c, R[4H, H], h0[B, H], c0[B, H], peepholes[3H] (i o f),
 * lengths[B]; all from h0 on may be absent. Outputs: Y[T, B, H], the last h and the last c.
 */
import { apply, applyAll, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { areNamed, formulaOf } from './activations.js';
import { transposed } from './arrange.js';
import { DequantizeLinear } from './dequantize-linear.js';
import { plus } from './formula.js';
import {
  type Direction,
  type RecurrentAttrs,
  buildRecurrent,
  clipped,
  dotRows,
  eachSequence,
  hiddenOf,
  inferRecurrent,
  optionalRows,
  packRecurrent,
  project,
  range,
  recurrentCost,
  recurrentLowers,
} from './recurrent.js';
import { reshaped } from './reshape.js';

export interface LstmAttrs extends RecurrentAttrs {
  /** the forget gate is 1 − the input gate */
  readonly inputForget: boolean;
}

const DEFAULTS = ['sigmoid', 'tanh', 'tanh'];

function cell(n: OnnxNode, d: Direction): readonly Value[] {
  const hidden = hiddenOf(d.r);
  const bias = d.part(3);
  const sum = bias && plus(range(bias, 0, 0, 4 * hidden), range(bias, 0, 4 * hidden, 8 * hidden));
  const attrs: LstmAttrs = {
    reverse: d.reverse,
    clip: n.float('clip', 0),
    activations: d.activations,
    inputForget: n.int('input_forget', 0) !== 0,
  };
  const inputs = [project(d.x, d.w, sum), d.r, d.part(5), d.part(6), d.part(7), d.lengths];
  return applyAll(Lstm, attrs, inputs, { wanted: [true, true, true] });
}

/**
 * Inputs of DynamicQuantizeLSTM as those of LSTM: weights [D, I, 4H] and [D, H, 4H] become floats. Their
 * inputs stay floats: the operator's own rounding of these to 8 bits is not part of its meaning.
 */
function widened({ inputs }: OnnxNode): OnnxNode['inputs'] {
  const float = (i: number, parameters: number): Value => {
    const v = inputs[i]!;
    const wide = (p: Value): Value => {
      const [directions, columns = 1] = shapeOf(p);
      return reshaped(p, [directions!, 1, columns]);
    };
    const [scale, zero] = [inputs[parameters]!, inputs[parameters + 1]];
    const none = literal(dtypeOf(v), [], [0]);
    const weights = [v, zero ? wide(zero) : none, wide(scale)];
    return transposed(apply(DequantizeLinear, {}, weights), 0, 2, 1);
  };
  return [inputs[0]!, float(1, 8), float(2, 10), ...inputs.slice(3, 8)];
}

function evaluate(inputs: readonly (Tensor | null)[], attrs: LstmAttrs): readonly Tensor[] {
  const [gates, r, h0, c0, p] = inputs.map((t) => (t ? toNumbers(t) : null));
  const { shape, dtype } = inputs[0]!;
  const hidden = inputs[1]!.shape[1]!;
  const [f, g, h] = attrs.activations.map(formulaOf) as ((x: number) => number)[];
  const y = new Float64Array(shape[0]! * shape[1]! * hidden);
  const lastH = new Float64Array(shape[1]! * hidden);
  const lastC = new Float64Array(shape[1]! * hidden);
  const state = (from: Float64Array | null | undefined, b: number): Float64Array =>
    from ? from.slice(b * hidden, (b + 1) * hidden) : new Float64Array(hidden);
  eachSequence(shape, hidden, inputs[5] ?? null, attrs.reverse, (b, steps) => {
    let [hidden1, cell1] = [state(h0, b), state(c0, b)];
    for (const step of steps) {
      const rows = [0, 1, 2, 3].map((k) => dotRows(r!, k * hidden, hidden1));
      const at = (k: number, j: number, peep: number): number =>
        clipped(gates![step.gates + k * hidden + j]! + rows[k]![j]! + peep, attrs.clip);
      const peep = (k: number, j: number, c: number): number => (p?.[k * hidden + j] ?? 0) * c;
      const nextC = cell1.map((c, j) => {
        const i = f!(at(0, j, peep(0, j, c)));
        const forget = attrs.inputForget ? 1 - i : f!(at(2, j, peep(2, j, c)));
        return forget * c + i * g!(at(3, j, 0));
      });
      hidden1 = nextC.map((c, j) => f!(at(1, j, peep(1, j, c))) * h!(c));
      cell1 = nextC;
      y.set(hidden1, step.y);
    }
    lastH.set(hidden1, b * hidden);
    lastC.set(cell1, b * hidden);
  });
  const states = [shape[1]!, hidden];
  return [
    fromNumbers(dtype, [shape[0]!, ...states], y),
    fromNumbers(dtype, states, lastH),
    fromNumbers(dtype, states, lastC),
  ];
}

export const Lstm: OpDef<LstmAttrs> = defineOp<LstmAttrs>({
  name: 'Lstm',
  infer: (inputs) => inferRecurrent(inputs, 4, 2),
  eval: evaluate,
  onnx: [
    {
      type: 'LSTM',
      since: 1,
      build: (n) => buildRecurrent(n, DEFAULTS, [5, 6], (d) => cell(n, d)),
    },
    {
      type: 'DynamicQuantizeLSTM',
      since: 1,
      domain: 'com.microsoft',
      build: (n) => buildRecurrent(n, DEFAULTS, [5, 6], (d) => cell(n, d), widened(n)),
    },
  ],
  cost: (node) => recurrentCost(node),
  lowers: (node) =>
    recurrentLowers(node, 5) &&
    !node.attrs.inputForget &&
    areNamed(node.attrs.activations, DEFAULTS),
  lower({ attrs }, l) {
    const gates = l.rows(l.in(0));
    const [h0, c0] = [optionalRows(l, 2), optionalRows(l, 3)];
    l.emit({
      kernel: 'lstm.f32',
      params: { reverse: attrs.reverse ? 1 : 0, clip: attrs.clip },
      inputs: [gates, packRecurrent(l, l.in(1), 4), h0, c0, optionalRows(l, 4), l.optional(5)],
      outputs: [l.out(0), l.out(1), l.out(2)],
      items: gates.shape[1]!,
      grain: 4,
    });
  },
});
