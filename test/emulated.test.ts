/**
 * What also runs on emulated CPUs, where every instruction is slow: kernels at tiny shapes and small
 * models, on every ISA that the (emulated) machine has.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { Tensor, load } from '../lib/index.js';
import { loadAddon } from '../lib/native/binding.js';
import { sizeOf } from '../lib/tensor/tensor.js';
import { GALLERY } from './models/gallery.js';
import { type OpCase, opSuite } from './op-suite.js';
import { differs } from './onnx-data.js';
import { controlFlow, controlFlowFeeds } from './models/control-flow.js';
import { expectedOf } from './recorded.js';
import { runReference } from './reference.js';

const folder = new URL('./cases/', import.meta.url);
const modules = (await Promise.all(
  readdirSync(folder)
    .filter((f) => f.endsWith('.js'))
    .map((f) => import(new URL(f, folder).href)),
)) as { readonly cases: readonly OpCase[] }[];

const addon = loadAddon();
const isas = addon
  .inspect()
  .isas.filter((isa) => isa.usable)
  .map((isa) => isa.name);

/** At most this many elements, and this many cases of one op. */
const TINY = 128;
const EACH = 2;

/** The first cases of each op that are tiny enough. */
function tiny(cases: readonly OpCase[]): OpCase[] {
  const taken = new Map<string, number>();
  return cases.filter((c) => {
    const elements = c.inputs.reduce((n, i) => n + (i ? sizeOf(i.shape) : 0), 0);
    const count = taken.get(c.op.name) ?? 0;
    if (elements > TINY || count >= EACH) return false;
    taken.set(c.op.name, count + 1);
    return true;
  });
}

describe(`emulated: ops on ${isas.join(', ')}`, () => {
  opSuite(addon, isas, tiny(modules.flatMap((m) => m.cases)));
});

/** A plan of the model 'cnn' that another machine has compiled (scripts/make-plan.mjs), where one is given. */
const planFile = process.env['HAIO_PLAN_FILE'];

describe('emulated: models', () => {
  const models: [string, string, string?][] = [
    ['mlp', 'mlp'],
    ['cnn', 'cnn'],
  ];
  if (planFile) models.push(['cnn', 'cnn, compiled elsewhere,', planFile]);
  for (const isa of isas)
    for (const [name, title, file] of models)
      it(`${title} on ${isa}`, async () => {
        const { bytes, inputs } = GALLERY[name]!();
        const session = await load(file ?? bytes, { isa, threads: 2 });
        const feeds = Object.fromEntries(
          Object.entries(inputs).map(([k, t]) => [k, new Tensor(t.dtype, t.data, t.shape)]),
        );
        const results = await session.run(feeds);
        for (const [output, expected] of Object.entries(expectedOf(name))) {
          const { type, dims, data } = results[output]!;
          const got = { dtype: type, shape: dims, data };
          const tolerance = { relative: 1e-4, absolute: 1e-5 };
          assert.equal(differs(got, expected, tolerance), null, output);
        }
        await session.release();
      });
  for (const isa of isas)
    it(`If, Loop and Scan on ${isa}`, async () => {
      for (const seed of [2, 5, 8]) {
        const bytes = controlFlow(seed);
        const session = await load(bytes, { isa, threads: 2 });
        const inputs = controlFlowFeeds(seed, 2, 2);
        const feeds = Object.fromEntries(
          Object.entries(inputs).map(([k, t]) => [k, new Tensor(t.dtype, t.data, t.shape)]),
        );
        const { type, dims, data } = (await session.run(feeds))['y']!;
        const tolerance = { relative: 1e-4, absolute: 1e-4 };
        const expected = runReference(bytes, inputs)['y']!;
        assert.equal(differs({ dtype: type, shape: dims, data }, expected, tolerance), null);
        await session.release();
      }
    });
});
