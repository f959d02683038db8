/**
 * `node --import haio/register app.js`: puts haio behind onnxruntime-common before the application
 * loads it, in every copy that the application's main file, or the working folder, would get.
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as common from 'onnxruntime-common';
import { entriesOf, registerIn } from './copies.js';

registerIn(common);

const own = fileURLToPath(import.meta.url);
const main = process.argv[1];
const starts = [own, join(process.cwd(), 'index.js'), ...(main ? [resolve(main)] : [])];
const require = createRequire(own);
for (const entry of entriesOf(starts)) registerIn(require(entry) as typeof common);
