/** Writes models of the zoo: node dist/bench/zoo/write.js <folder> [names]; HAIO_MODELS finds them there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ZOO } from './index.js';

const [folder, ...wanted] = process.argv.slice(2);
if (folder === undefined || wanted.some((name) => !(name in ZOO))) {
  process.stderr.write(`usage: write.js <folder> [${Object.keys(ZOO).join(' ')}]\n`);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const [name, model] of Object.entries(ZOO))
  if (wanted.length === 0 || wanted.includes(name))
    writeFileSync(join(folder, `zoo_${name}.onnx`), model.full());
