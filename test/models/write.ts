/** Writes the test models as files: node dist/test/models/write.js <folder>. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GALLERY } from './gallery.js';
import { minilmModel } from './minilm.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: write.js <folder>');
mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(GALLERY))
  writeFileSync(join(folder, `${name}.onnx`), make().bytes);
writeFileSync(join(folder, 'minilm.onnx'), minilmModel());
