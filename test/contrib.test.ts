/** Operators of com.microsoft against results recorded from onnxruntime-node (scripts/expect-gallery.mjs). */
import assert from 'node:assert/strict';
import { loadAddon } from '../lib/native/binding.js';
import type { Tensor } from '../lib/tensor/tensor.js';
import { type NodeCase, diceOf, modelOfCase } from './contrib/case.js';
import { DRAWS } from './contrib/index.js';
import { runNative } from './contrib/run.js';
import { differs } from './onnx-data.js';
import { casesOf } from './recorded.js';
import { runReference } from './reference.js';

const addon = loadAddon();
const isas = addon
  .inspect()
  .isas.filter((isa) => isa.usable && isa.width)
  .map((isa) => isa.name);

type Outputs = Readonly<Record<string, Tensor>>;

function compare(c: NodeCase, got: Outputs, expected: Outputs, where: string): void {
  const tolerance = c.tolerance ?? 1e-4;
  for (const [name, t] of Object.entries(expected)) {
    const found = differs(got[name], t, { relative: tolerance, absolute: tolerance });
    assert.equal(found, null, `${where}, ${name}`);
  }
}

describe('com.microsoft', () => {
  for (const [name, draw] of Object.entries(DRAWS))
    it(name, () => {
      const cases = casesOf(name);
      assert.notEqual(cases.length, 0, 'no recorded results');
      for (const { seed, expected } of cases) {
        const c = draw(diceOf(seed));
        const { bytes, inputs } = modelOfCase(c);
        compare(c, runReference(bytes, inputs), expected, `seed ${seed}, reference`);
        for (const isa of isas)
          for (const open of [false, true]) {
            const model = modelOfCase(c, open);
            const { outputs, hostNodes } = runNative(addon, isa, model.bytes, inputs);
            compare(c, outputs, expected, `seed ${seed}, ${isa}${open ? ', open sizes' : ''}`);
            assert.equal(hostNodes.length > 0, c.host ?? false, hostNodes.join());
          }
      }
    });
});
