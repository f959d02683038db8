/** LSTM, GRU and RNN over projected gates. */
import type { OpDef } from '../../lib/ir/op.js';
import type { Activation } from '../../lib/ops/activations.js';
import { Gru } from '../../lib/ops/gru.js';
import { Lstm } from '../../lib/ops/lstm.js';
import type { RecurrentAttrs } from '../../lib/ops/recurrent.js';
import { Rnn } from '../../lib/ops/rnn.js';
import { type CaseInput, type OpCase, opCase } from '../op-suite.js';

const named = (...names: string[]): Activation[] =>
  names.map((name) => ({ name, alpha: 0, beta: 0 }));

/** Sequences of different lengths, forwards and backwards. */
const uneven = <A extends RecurrentAttrs>(
  op: OpDef<A>,
  attrs: A,
  name: string,
  inputs: readonly (CaseInput | null)[],
  outputs: number,
): OpCase[] =>
  [false, true].map((reverse) =>
    opCase<A>({
      op,
      name: `${name} of different lengths${reverse ? ' backwards' : ''}`,
      attrs: { ...attrs, reverse },
      inputs,
      outputs,
      atol: 1e-5,
    }),
  );

/** time, batch, hidden */
const SIZES: readonly (readonly [number, number, number])[] = [
  [1, 1, 128],
  [3, 1, 1],
  [4, 2, 7],
  [2, 9, 16],
  [5, 5, 37],
  [0, 2, 4],
];

export const cases: readonly OpCase[] = SIZES.flatMap(([time, batch, hidden]) => {
  const name = `[${time},${batch},${hidden}]`;
  const gates = (n: number) => ({ shape: [time, batch, n * hidden] });
  const weights = (n: number) => ({
    shape: [n * hidden, hidden],
    range: [-0.5, 0.5] as const,
    constant: true,
  });
  const state = { shape: [batch, hidden] };
  const vector = (n: number) => ({ shape: [n * hidden] });
  const common = { reverse: false, clip: 0 };
  const lstm = { ...common, activations: named('sigmoid', 'tanh', 'tanh'), inputForget: false };
  const gru = { ...common, activations: named('sigmoid', 'tanh'), linearBeforeReset: false };
  const lengths = { shape: [batch], dtype: 'int32', range: [0, time] } as const;
  return [
    opCase({
      op: Lstm,
      name,
      attrs: lstm,
      inputs: [gates(4), weights(4), state, state, null, null],
      outputs: 3,
      atol: 1e-5,
    }),
    opCase({
      op: Lstm,
      name: `${name} from zero, peepholes`,
      attrs: { ...lstm, reverse: true, clip: 0.8 },
      inputs: [gates(4), { ...weights(4), constant: false }, null, null, vector(3), null],
      outputs: 3,
      atol: 1e-5,
    }),
    opCase({
      op: Gru,
      name,
      attrs: gru,
      inputs: [gates(3), weights(3), state, null, null],
      outputs: 2,
      atol: 1e-5,
    }),
    opCase({
      op: Gru,
      name: `${name} linear before reset`,
      attrs: { ...gru, linearBeforeReset: true, reverse: true },
      inputs: [gates(3), weights(3), null, vector(1), null],
      outputs: 2,
      atol: 1e-5,
    }),
    ...uneven(Lstm, lstm, name, [gates(4), weights(4), state, null, null, lengths], 3),
    ...uneven(Gru, gru, name, [gates(3), weights(3), state, null, lengths], 2),
    ...uneven(
      Rnn,
      { ...common, activations: named('tanh') },
      name,
      [gates(1), weights(1), null, lengths],
      2,
    ),
    ...['tanh', 'relu'].map((f) =>
      opCase({
        op: Rnn,
        name: `${name} ${f}`,
        attrs: { ...common, reverse: f === 'relu', clip: 1.5, activations: named(f) },
        inputs: [gates(1), weights(1), f === 'tanh' ? state : null, null],
        outputs: 2,
        atol: 1e-5,
      }),
    ),
    opCase({
      op: Rnn,
      name: `${name} softsign`,
      attrs: { ...common, activations: named('softsign') },
      inputs: [gates(1), weights(1), state, null],
      outputs: 2,
      host: true,
      atol: 1e-5,
    }),
  ];
});
