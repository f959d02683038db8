/** All cases of test/cases on all ISAs of this machine. */
import { readdirSync } from 'node:fs';
import { loadAddon } from '../lib/native/binding.js';
import { type OpCase, opSuite } from './op-suite.js';

const folder = new URL('./cases/', import.meta.url);
const files = readdirSync(folder).filter((f) => f.endsWith('.js'));
const modules = (await Promise.all(files.map((f) => import(new URL(f, folder).href)))) as {
  readonly cases: readonly OpCase[];
}[];

const addon = loadAddon();
const isas = addon
  .inspect()
  .isas.filter((isa) => isa.usable)
  .map((isa) => isa.name);

describe(`ops on ${isas.join(', ')}`, () => {
  modules.forEach(({ cases }, i) =>
    describe(files[i]!.replace('.js', ''), () => opSuite(addon, isas, cases)),
  );
});
