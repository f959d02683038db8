/**
 * ONNX's own operator tests (Debian: libonnx-testdata; newer ones: scripts/onnx-data.py): by the
 * reference interpreter, and by sessions on the best ISA and on forced ones.
 */
import assert from 'node:assert/strict';
import { load } from '../lib/index.js';
import { loadAddon } from '../lib/native/binding.js';
import { signatureOf } from '../lib/onnx/import.js';
import type { Feed } from '../lib/runtime/values.js';
import {
  type DataCase,
  casesOf,
  differs,
  exceptionOf,
  readCase,
  readTensors,
  valuesDiffer,
} from './onnx-data.js';
import { runReference } from './reference.js';

const GROUPS = ['node', 'simple', 'pytorch-operator', 'pytorch-converted'] as const;
const namesOf = (group: string): string[] =>
  casesOf(group).filter((name) => exceptionOf(name) === undefined);

describe('ONNX test data by the reference interpreter', () => {
  for (const group of GROUPS)
    for (const name of namesOf(group)) {
      const data = readTensors(group, name);
      if (!data) continue;
      it(`${group} ${name}`, () => {
        const { inputs, outputs } = signatureOf(data.bytes);
        for (const set of data.sets) {
          const named = Object.fromEntries(inputs.map((s, i) => [s.name, set.inputs[i]!]));
          const results = runReference(data.bytes, named);
          outputs.forEach((s, i) => {
            const expected = set.outputs[i];
            if (expected) assert.equal(differs(results[s.name], expected), null, s.name);
          });
        }
      });
    }
});

async function runSession({ bytes, sets }: DataCase<Feed>, isa: string): Promise<void> {
  const session = await load(bytes, { isa, threads: 1 });
  try {
    for (const set of sets) {
      const feeds = Object.fromEntries(session.inputs.map((s, i) => [s.name, set.inputs[i]!]));
      const results = await session.run(feeds);
      session.outputs.forEach((s, i) => {
        const expected = set.outputs[i];
        if (expected !== undefined)
          assert.equal(valuesDiffer(results[s.name], expected), null, s.name);
      });
    }
  } finally {
    await session.release();
  }
}

const usable = loadAddon()
  .inspect()
  .isas.filter((isa) => isa.usable && isa.width)
  .map((isa) => isa.name);

for (const isa of ['', ...['portable', 'avx2'].filter((name) => usable.includes(name))])
  describe(`ONNX test data on ${isa || 'the best ISA'}`, () => {
    for (const group of GROUPS)
      for (const name of namesOf(group))
        it(`${group} ${name}`, () => runSession(readCase(group, name), isa));
  });
