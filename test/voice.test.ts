/** Models of voice activity, whose many Ifs depend on a scalar input and on sizes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { topological } from '../lib/ir/graph.js';
import { readModel } from '../lib/onnx/model.js';
import { bodiesOf } from '../lib/onnx/operators.js';
import type { GraphProto } from '../lib/onnx/messages.js';
import { type Tensor, fromNumbers, toNumbers } from '../lib/tensor/tensor.js';
import { random } from './models/random.js';
import { importFor, runReference } from './reference.js';

const folder = dirname(fileURLToPath(import.meta.resolve('@ricky0123/vad-web')));

interface Case {
  readonly file: string;
  readonly samples: number;
  readonly rate: number;
  readonly states: readonly (readonly [name: string, size: number])[];
  /** number of Ifs in the file */
  readonly ifs: number;
  readonly sizes: Readonly<Record<string, number>>;
  /** recorded from onnxruntime-node 1.30.0 */
  readonly output: number;
  readonly sum: number;
}
const silero: Pick<Case, 'states' | 'ifs'> = { states: [['state', 128]], ifs: 25 };
const CASES: readonly Case[] = [
  {
    file: 'silero_vad_v6.onnx',
    samples: 576,
    rate: 16000,
    ...silero,
    sizes: { input_1: 576 },
    output: 0.0152207,
    sum: -4.67696,
  },
  {
    file: 'silero_vad_v5.onnx',
    samples: 512,
    rate: 16000,
    ...silero,
    sizes: { input_1: 512 },
    output: 0.0835131,
    sum: 7.334735,
  },
  {
    file: 'silero_vad_v5.onnx',
    samples: 256,
    rate: 8000,
    ...silero,
    sizes: { input_1: 256 },
    output: 0.0498474,
    sum: -5.52988,
  },
  {
    file: 'silero_vad_legacy.onnx',
    samples: 1536,
    rate: 16000,
    states: [
      ['h', 64],
      ['c', 64],
    ],
    ifs: 9,
    sizes: {},
    output: 0.0693228,
    sum: 4.628729,
  },
];

const countIfs = (g: GraphProto): number =>
  g.node.reduce(
    (n, node) =>
      n + Number(node.op_type === 'If') + bodiesOf(node).reduce((m, b) => m + countIfs(b), 0),
    0,
  );

describe('voice activity', () => {
  for (const c of CASES)
    it(`${c.file} at ${c.rate} Hz`, () => {
      const r = random(5);
      const inputs: Record<string, Tensor> = { input: r.tensor([1, c.samples], 0.1) };
      for (const [name, size] of c.states) inputs[name] = r.tensor([2, 1, size], 0.1);
      inputs['sr'] = fromNumbers('int64', [], [c.rate]);
      const bytes = readFileSync(join(folder, c.file));
      assert.equal(countIfs(readModel(bytes).graph), c.ifs);
      const { graph, pins } = importFor(bytes, inputs);
      assert.deepEqual(Object.keys(pins.values!), ['sr']);
      assert.deepEqual(pins.sizes, c.sizes);
      assert.ok(topological(graph.outputs).every((n) => n.op.name !== 'If'));
      const [output, state] = Object.values(runReference(bytes, inputs));
      assert.ok(Math.abs(toNumbers(output!)[0]! - c.output) < 1e-5);
      assert.ok(Math.abs(toNumbers(state!).reduce((a, b) => a + b, 0) - c.sum) < 1e-3);
    });
});
