// Writes test/models/gallery.json: what onnxruntime-node (in bench/rival) computes for the models of
// test/models/gallery.ts. node scripts/expect-gallery.mjs [dist folder]; format the file afterwards.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const dist = process.argv[2] ?? 'dist';
const { GALLERY } = await import(pathToFileURL(`${dist}/test/models/gallery.js`).href);
const require = createRequire(new URL('../bench/rival/package.json', import.meta.url));
const ort = require('onnxruntime-node');

const all = {};
for (const [name, make] of Object.entries(GALLERY)) {
  const { bytes, inputs } = make();
  const session = await ort.InferenceSession.create(Buffer.from(bytes), { logSeverityLevel: 3 });
  const feeds = Object.entries(inputs).map(([k, t]) => [
    k,
    new ort.Tensor(t.dtype, t.data, t.shape),
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  all[name] = Object.fromEntries(
    Object.entries(outputs).map(([k, { type, dims, data }]) => [
      k,
      {
        dtype: type,
        shape: dims,
        data: [...data].map((x) =>
          typeof x === 'bigint' ? Number(x) : typeof x === 'number' ? Number(x.toPrecision(8)) : x,
        ),
      },
    ]),
  );
}
const lines = Object.entries(all).map(([name, o]) => `  "${name}": ${JSON.stringify(o)}`);
writeFileSync(
  new URL('../test/models/gallery.json', import.meta.url),
  `{\n${lines.join(',\n')}\n}\n`,
);
