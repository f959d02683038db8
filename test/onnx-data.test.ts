/** ONNX's own operator tests (Debian: libonnx-testdata) by the reference interpreter. */
import assert from 'node:assert/strict';
import { casesOf, differs, readCase } from './onnx-data.js';
import { runReference } from './reference.js';
import { signatureOf } from '../lib/onnx/import.js';

/** Cases that cannot pass, and why. */
const EXCEPTIONS: readonly (readonly [RegExp, string])[] = [
  [/^test_cast(like)?_(FLOAT_to_BFLOAT16|BFLOAT16_to_FLOAT)/, 'bfloat16 is stored as uint16'],
  [/^test_(adagrad|adam|momentum|nesterov|gradient)/, 'ai.onnx.preview.training'],
  [/^test_training_dropout|^test_batchnorm_.*_training_mode$/, 'trains'],
  [/^test_bernoulli/, 'the outputs are random: numpy drew those expected'],
];

for (const group of ['node', 'simple', 'pytorch-operator', 'pytorch-converted'])
  describe(`ONNX test data: ${group}`, () => {
    for (const name of casesOf(group)) {
      if (EXCEPTIONS.some(([pattern]) => pattern.test(name))) continue;
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
