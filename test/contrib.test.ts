/**
 * Operators of com.microsoft against results recorded from onnxruntime-node (scripts/expect-gallery.mjs), or
 * against what cases compute themselves by the operator's documentation.
 */
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

/** Seeds of cases that bring what is expected of them. */
const SEEDS = [1, 2, 3, 4];

const named = (outputs: readonly (Tensor | null)[]): Outputs =>
  Object.fromEntries(outputs.flatMap((t, i) => (t ? [[`y${i}`, t]] : [])));

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
      const own = SEEDS.flatMap((seed) => {
        const { expected } = draw(diceOf(seed));
        return expected ? [{ seed, expected: named(expected) }] : [];
      });
      const cases = [...casesOf(name), ...own];
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
