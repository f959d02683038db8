import assert from 'node:assert/strict';
import type { Buffer, Operand, StepSpec } from '../ir/step.js';
import { newOperand, whole } from './place.js';
import { stepsOf } from './items.js';
import { schedule } from './schedule.js';

const output = (n: number): Operand =>
  whole({ kind: 'output', bytes: 0, index: 0 }, 'float32', [n]);
const source = whole({ kind: 'input', bytes: 0, index: 0 }, 'float32', [4]);
const buffer = (n: number): Operand => newOperand('float32', [n]);
const step = (inputs: Operand[], outputs: Operand[], more: Partial<StepSpec> = {}) => ({
  spec: { kernel: 'k', params: {}, inputs, outputs, items: 1, ...more },
  node: null,
  flops: 0,
});
const span = (s: ReturnType<typeof schedule>, b: Buffer): number[] => {
  const i = s.buffers.indexOf(b);
  return [...s.lifespans.subarray(2 * i, 2 * i + 2)];
};

describe('plan: schedule', () => {
  it('removes dead steps and keeps lifespans to what is used', () => {
    const [a, b, c] = [buffer(4), buffer(4), buffer(4)];
    const s = schedule([
      step([source], [a]),
      step([a], [c]),
      step([a], [b]),
      step([b], [output(4)]),
    ]);
    assert.equal(s.items.length, 3);
    assert.deepEqual(span(s, a.buffer), [0, 1]);
    assert.deepEqual(span(s, b.buffer), [1, 2]);
  });

  it('runs first what frees most', () => {
    // two wide values that become narrow ones: each is narrowed before the next is made
    const [w1, w2, n1, n2] = [buffer(1000), buffer(1000), buffer(1), buffer(1)];
    const s = schedule([
      step([source], [w1]),
      step([source], [w2]),
      step([w1], [n1]),
      step([w2], [n2]),
      step([n1, n2], [output(1)]),
    ]);
    const [a, b] = [span(s, w1.buffer), span(s, w2.buffer)];
    assert.ok(a[1]! < b[0]! || b[1]! < a[0]!, 'the wide ones are never alive together');
  });

  it('keeps the order of writers and readers of one buffer', () => {
    const whole4 = buffer(4);
    const half = { ...whole4, shape: [2] };
    const small = buffer(1);
    const s = schedule([
      step([source], [whole4]),
      step([source], [small]),
      step([small], [half]),
      step([whole4], [output(4)]),
    ]);
    const order = stepsOf(s.items).map((x) => x.spec.outputs[0]!);
    assert.ok(order.indexOf(whole4) < order.indexOf(half));
    assert.equal(order.at(-1)!.buffer.kind, 'output');
  });

  it('lets an output take over an input only where all of it may go', () => {
    const inplace = (inputs: Operand[], allowed: number[], out = buffer(4)) => {
      const made = inputs.filter((o) => o.buffer.kind === 'arena');
      const s = schedule([
        ...[...new Set(made.map((o) => o.buffer))].map((b) =>
          step([source], [whole(b, 'float32', [4])]),
        ),
        step(inputs, [out], { inplace: allowed }),
        step([out], [output(4)]),
      ]);
      return s.inplace.get(stepsOf(s.items).find((x) => x.spec.outputs[0] === out)!);
    };
    const [a, b] = [buffer(4), buffer(4)];
    assert.equal(inplace([a], [0]), 1);
    assert.equal(inplace([a], []), 0);
    assert.equal(inplace([a, b], [1]), 2);
    assert.equal(inplace([a, a], [0, 1]), 3);
    assert.equal(inplace([a, a], [0]), 0, 'the other use would be overwritten');
    assert.equal(inplace([{ ...a, strides: [0] }], [0]), 0, 'a repeated element');
    assert.equal(inplace([source], [0]), 0, 'an input of the run');
    assert.equal(inplace([a], [0], buffer(5)), 0, 'another size');
  });

  it('does not overwrite what a later step reads', () => {
    const [a, b, c] = [buffer(4), buffer(4), buffer(4)];
    const s = schedule([
      step([source], [a]),
      step([a], [b], { inplace: [0] }),
      step([a, b], [c], { inplace: [0] }),
      step([c], [output(4)]),
    ]);
    assert.deepEqual([...s.inplace.values()], [0, 0, 1, 0]);
    assert.equal(s.buffers.length, 2);
    assert.equal(s.root(c.buffer), a.buffer);
  });
});
