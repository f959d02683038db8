// Writes V8's code cache for lib/runtime/haio.bundle.cjs: the code of all functions that compiling and
// running some small models needs. node scripts/warm-cache.mjs DIST MAIN COMPILE (numbers of modules).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, main, compile] = process.argv.slice(2);
const open = (file) => import(pathToFileURL(join(dist, file)).href);
const { use, script, cache } = await open('lib/runtime/bundle.js');
const { load, Tensor } = use(Number(main));
const { compileModel } = use(Number(compile));
const { GALLERY } = await open('test/models/gallery.js');
const { loadAddon } = await open('lib/native/binding.js');

let addon;
try {
  addon = loadAddon();
} catch {
  // there is nothing to run on yet: the code of reading and rewriting models is worth keeping as well
  process.exit(0);
}
const isa = addon.inspect().isas.find((i) => i.usable && i.width)?.name ?? '';
for (const make of Object.values(GALLERY)) {
  const { bytes, inputs } = make();
  const given = { isa, off: [], sizes: {}, shapes: {}, values: {}, state: {} };
  const result = compileModel(addon, { bytes }, given, () => undefined);
  if ('model' in result) addon.modelRelease(result.model);
  const session = await load(bytes);
  const feeds = Object.entries(inputs).map(([k, t]) => [k, new Tensor(t.dtype, t.data, t.shape)]);
  await session.run(Object.fromEntries(feeds));
  await session.release();
}
writeFileSync(cache, script.createCachedData());
