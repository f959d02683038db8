import assert from 'node:assert/strict';
import { HaioError } from '../errors.js';
import { evalGraph } from '../ir/eval.js';
import { input } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { formulaOf, readActivations } from './activations.js';
import { Gru } from './gru.js';
import { Lstm } from './lstm.js';
import { Rnn } from './rnn.js';

const t = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('float64', shape, values);
/** Some numbers in −0.5…0.5. */
const some = (seed: number, ...shape: number[]): Tensor =>
  t(shape, ...Array.from({ length: sizeOf(shape) }, (_, i) => (((i + seed) * 37) % 19) / 18 - 0.5));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const close = (got: ArrayLike<number>, expected: ArrayLike<number>): void => {
  assert.equal(got.length, expected.length);
  for (let i = 0; i < got.length; i++)
    assert.ok(Math.abs(got[i]! - expected[i]!) < 1e-9, `${got[i]} ≈ ${expected[i]}`);
};

type Attrs = Readonly<Record<string, unknown>>;
const nodeOf = (attrs: Attrs, inputs: OnnxNode['inputs'] = []): OnnxNode => {
  const get = (name: string, fallback?: unknown) => attrs[name] ?? fallback;
  const getters = { int: get, float: get, string: get, floats: get, strings: get };
  return { name: 'n', type: 'LSTM', inputs, ...getters } as unknown as OnnxNode;
};

/** The outputs of an ONNX node whose inputs are these tensors. */
function run(op: OpDef<never>, tensors: readonly (Tensor | null)[], attrs: Attrs = {}): Tensor[] {
  const values = tensors.map((x, i) => x && input(`x${i}`, { dtype: x.dtype, shape: x.shape }));
  const outputs = op.onnx![0]!.build!(nodeOf(attrs, values));
  return evalGraph(
    {
      inputs: values.filter((v) => v !== null),
      outputs,
      outputNames: outputs.map((_, i) => `y${i}`),
    },
    tensors.filter((x) => x !== null),
  );
}
const lstm = Lstm as never;
const gru = Gru as never;
const rnn = Rnn as never;

describe('LSTM', () => {
  it('one step of one unit', () => {
    const [w, r, b] = [
      t([1, 4, 1], 1, 2, 3, 4),
      t([1, 4, 1], 0.5, 0.25, -1, 2),
      t([1, 8], 1, 0, 0, 0, 0, 0, 2, 0),
    ];
    const [y, h, c] = run(lstm, [
      t([1, 1, 1], 0.1),
      w,
      r,
      b,
      null,
      t([1, 1, 1], 0.2),
      t([1, 1, 1], 0.3),
      t([1, 3], 0.1, 0.2, 0.3),
    ]);
    const i = sigmoid(0.1 + 0.1 + 1 + 0.1 * 0.3);
    const f = sigmoid(0.3 - 0.2 + 2 + 0.3 * 0.3);
    const cell = f * 0.3 + i * Math.tanh(0.4 + 0.4);
    const o = sigmoid(0.2 + 0.05 + 0.2 * cell);
    close(toNumbers(c!), [cell]);
    close(toNumbers(h!), [o * Math.tanh(cell)]);
    assert.deepEqual(y!.shape, [1, 1, 1, 1]);
    close(toNumbers(y!), toNumbers(h!));
  });
  it('both directions are the two directions side by side', () => {
    const x = some(1, 3, 2, 4);
    const [w, r, b] = [some(2, 2, 12, 4), some(3, 2, 12, 3), some(4, 2, 24)];
    const both = run(lstm, [x, w, r, b], { direction: 'bidirectional' });
    assert.deepEqual(
      both.map((o) => o.shape),
      [
        [3, 2, 2, 3],
        [2, 2, 3],
        [2, 2, 3],
      ],
    );
    const half = (v: Tensor, d: number): Tensor => {
      const n = v.data.length / 2;
      return t([1, ...v.shape.slice(1)], ...toNumbers(v).slice(d * n, (d + 1) * n));
    };
    ['forward', 'reverse'].forEach((direction, d) => {
      const one = run(lstm, [x, half(w, d), half(r, d), half(b, d)], { direction });
      close(toNumbers(half(both[1]!, d)), toNumbers(one[1]!));
      close(toNumbers(half(both[2]!, d)), toNumbers(one[2]!));
      const y = toNumbers(both[0]!);
      close(
        y.filter((_, k) => Math.floor(k / 6) % 2 === d),
        toNumbers(one[0]!),
      );
    });
  });
  it('layout 1 has the batch first', () => {
    const [w, r, h0, c0] = [some(2, 1, 8, 3), some(3, 1, 8, 2), some(4, 1, 2, 2), some(5, 1, 2, 2)];
    const x = some(1, 3, 2, 3);
    const swap = (v: Tensor): Tensor => {
      const [a, b] = v.shape as [number, number];
      const n = v.data.length / (a * b);
      const numbers = toNumbers(v);
      return t(
        [b, a, ...v.shape.slice(2)],
        ...numbers.map((_, i) => {
          const row = Math.floor(i / n);
          return numbers[((row % a) * b + Math.floor(row / a)) * n + (i % n)]!;
        }),
      );
    };
    const plain = run(lstm, [x, w, r, null, null, h0, c0]);
    const first = run(lstm, [swap(x), w, r, null, null, swap(h0), swap(c0)], { layout: 1 });
    assert.deepEqual(first[0]!.shape, [2, 3, 1, 2]);
    close(toNumbers(swap(t([2, 3, 2], ...toNumbers(first[0]!)))), toNumbers(plain[0]!));
    close(toNumbers(swap(first[1]!)), toNumbers(plain[1]!));
    close(toNumbers(swap(first[2]!)), toNumbers(plain[2]!));
  });
  it('stops each sequence at its length', () => {
    const [w, r] = [some(2, 1, 8, 3), some(3, 1, 8, 2)];
    const x = some(1, 4, 2, 3);
    const lengths = fromNumbers('int32', [2], [4, 2]);
    for (const direction of ['forward', 'reverse']) {
      const [y, h] = run(lstm, [x, w, r, null, lengths], { direction });
      const full = run(lstm, [x, w, r, null, null], { direction });
      const numbers = toNumbers(y!);
      // Y[t, 0, b, h]: the second sequence is zero from t = 2 on
      close(numbers.subarray(10, 12), [0, 0]);
      close(numbers.subarray(14, 16), [0, 0]);
      close(toNumbers(h!).subarray(0, 2), toNumbers(full[1]!).subarray(0, 2));
      const short = t([2, 2, 3], ...toNumbers(x).subarray(0, 12));
      const alone = run(lstm, [short, w, r, null, null], { direction });
      close(toNumbers(h!).subarray(2), toNumbers(alone[1]!).subarray(2));
    }
  });
  it('clips, and couples the forget gate', () => {
    const args = [
      t([1, 1, 1], 100),
      t([1, 4, 1], 1, 1, 1, 1),
      t([1, 4, 1], 0, 0, 0, 0),
      null,
      null,
    ];
    const states = [t([1, 1, 1], 0), t([1, 1, 1], 0.5)];
    const s = sigmoid(2);
    const [, , c] = run(lstm, [...args, ...states], { clip: 2 });
    close(toNumbers(c!), [s * 0.5 + s * Math.tanh(2)]);
    const [, , coupled] = run(lstm, [...args, ...states], { clip: 2, input_forget: 1 });
    close(toNumbers(coupled!), [(1 - s) * 0.5 + s * Math.tanh(2)]);
  });
});

describe('GRU and RNN', () => {
  it('GRU resets the state, or what comes of it', () => {
    const args = [
      t([1, 1, 1], 1),
      t([1, 3, 1], 0.1, 0.2, 0.3),
      t([1, 3, 1], 0.4, 0.5, 0.6),
      t([1, 6], 0, 0, 0.7, 0, 0, 0.8),
      null,
      t([1, 1, 1], 0.9),
    ];
    const z = sigmoid(0.1 + 0.36);
    const r = sigmoid(0.2 + 0.45);
    const before = Math.tanh(0.3 + 0.7 + r * 0.9 * 0.6 + 0.8);
    const after = Math.tanh(0.3 + 0.7 + r * (0.54 + 0.8));
    const [, h] = run(gru, args);
    close(toNumbers(h!), [(1 - z) * before + z * 0.9]);
    const [, linear] = run(gru, args, { linear_before_reset: 1 });
    close(toNumbers(linear!), [(1 - z) * after + z * 0.9]);
  });
  it('RNN', () => {
    const args = [t([2, 1, 1], 1, 2), t([1, 1, 1], 0.5), t([1, 1, 1], 0.25), t([1, 2], 0.1, 0.2)];
    const first = Math.tanh(0.8);
    close(toNumbers(run(rnn, args)[0]!), [first, Math.tanh(1.3 + 0.25 * first)]);
    const relu = { activations: ['Relu'], direction: 'reverse' };
    close(toNumbers(run(rnn, args, relu)[0]!), [0.8 + 0.25 * 1.3, 1.3]);
  });
});

describe('activations', () => {
  it('take their parameters in order', () => {
    const attrs = {
      activations: ['HardSigmoid', 'Affine', 'LeakyRelu'],
      activation_alpha: [0.5, 2],
      activation_beta: [0.25, 1],
    };
    const list = readActivations(nodeOf(attrs), ['sigmoid', 'tanh', 'tanh'], 1);
    assert.deepEqual(
      list.map(({ alpha, beta }) => [alpha, beta]),
      [
        [0.5, 0.25],
        [2, 1],
        [0.01, 0],
      ],
    );
    assert.equal(formulaOf(list[0]!)(1), 0.75);
    assert.equal(formulaOf(list[1]!)(3), 7);
    assert.equal(formulaOf(list[2]!)(-1), -0.01);
  });
  it('must be known and as many as the gates need', () => {
    const read = (activations: string[]) => readActivations(nodeOf({ activations }), ['tanh'], 1);
    assert.throws(() => read(['Wavy']), HaioError);
    assert.throws(() => read(['Tanh', 'Tanh']), HaioError);
  });
});
