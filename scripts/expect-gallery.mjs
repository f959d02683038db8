// Writes what onnxruntime-node (in bench/rival) computes: test/models/gallery.json for the models of
// test/models/gallery.ts, test/contrib/expected.json for the cases of test/contrib, SEEDS of each.
// node scripts/expect-gallery.mjs [dist folder]; format the files afterwards.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const dist = process.argv[2] ?? 'dist';
const from = (path) => import(pathToFileURL(`${dist}/test/${path}.js`).href);
const { GALLERY } = await from('models/gallery');
const { DRAWS } = await from('contrib/index');
const { diceOf, modelOfCase } = await from('contrib/case');
const require = createRequire(new URL('../bench/rival/package.json', import.meta.url));
const ort = require('onnxruntime-node');

/** What JSON can hold: numbers that are not finite are written as text. */
function plain(x) {
  if (typeof x === 'bigint') return Number(x);
  return typeof x === 'number' && Number.isFinite(x) ? Number(x.toPrecision(8)) : String(x);
}

/** Outputs by name; throws where the runtime refuses the model. */
async function outputsOf({ bytes, inputs }) {
  const session = await ort.InferenceSession.create(Buffer.from(bytes), { logSeverityLevel: 4 });
  const feeds = Object.entries(inputs).map(([k, t]) => [
    k,
    new ort.Tensor(t.dtype, t.data, t.shape),
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  return Object.fromEntries(
    Object.entries(outputs).map(([k, { type, dims, data }]) => [
      k,
      {
        dtype: type,
        shape: dims,
        data: [...data].map((x) => plain(x)),
      },
    ]),
  );
}

function write(file, all) {
  const lines = Object.entries(all).map(([name, o]) => `  "${name}": ${JSON.stringify(o)}`);
  writeFileSync(new URL(`../test/${file}`, import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
}

const gallery = {};
for (const [name, make] of Object.entries(GALLERY)) gallery[name] = await outputsOf(make());
write('models/gallery.json', gallery);

/** Cases recorded of each operator, and seeds tried to find them. */
const SEEDS = 4;
const TRIED = 40;
const cases = {};
for (const [name, draw] of Object.entries(DRAWS))
  for (let seed = 1, found = 0; seed <= TRIED && found < SEEDS; seed++)
    try {
      const drawn = draw(diceOf(seed));
      if (drawn.expected) continue;
      cases[`${name} ${seed}`] = await outputsOf(modelOfCase(drawn));
      found++;
    } catch {
      // a combination that the runtime does not have
    }
write('contrib/expected.json', cases);
