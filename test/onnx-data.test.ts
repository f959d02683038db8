/** ONNX's own operator tests (Debian: libonnx-testdata) by the reference interpreter. */
import assert from 'node:assert/strict';
import { casesOf, differs, exceptionOf, readCase } from './onnx-data.js';
import { runReference } from './reference.js';
import { signatureOf } from '../lib/onnx/import.js';

for (const group of ['node', 'simple', 'pytorch-operator', 'pytorch-converted'])
  describe(`ONNX test data: ${group}`, () => {
    for (const name of casesOf(group)) {
      if (exceptionOf(name)) continue;
      const data = readCase(group, name);
      if (!data) continue;
      it(name, () => {
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
