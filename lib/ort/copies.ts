/**
 * The copies of onnxruntime-common that an application may load. Each has a registry of its own: the
 * ES modules and the CommonJS modules of one package, and packages of other versions.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as common from 'onnxruntime-common';

type Common = Pick<typeof common, 'registerBackend' | 'env'>;

/** haio as a backend; its modules are read with the first session. */
export const backend: common.Backend = {
  init: () => Promise.resolve(),
  createInferenceSessionHandler: async (model, options = {}) =>
    (await import('./backend.js')).createHandler(model, options),
};

/** above the 100 of other backends for Node; of two with one name the higher, registered first, wins */
const PRIORITY = 200;

const { version } = createRequire(import.meta.url)('haio/package.json') as { version: string };

/** Puts haio behind a copy of onnxruntime-common under the names 'haio' and 'cpu'. */
export function registerIn(copy: Common): void {
  copy.registerBackend('haio', backend, PRIORITY);
  copy.registerBackend('cpu', backend, PRIORITY);
  (copy.env.versions as Record<string, string>)['node'] ??= version;
}

const COMMON = 'onnxruntime-common';
/** packages that bring a copy of their own where versions differ */
const USERS = ['onnxruntime-node', '@huggingface/transformers'];

/** `name` as a module at `from` resolves it, or null. */
function resolved(from: string, name: string): string | null {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return null;
  }
}

/** The folder of the package that `file` belongs to. */
function packageOf(file: string): string {
  let at = dirname(file);
  while (!existsSync(join(at, 'package.json')) && at !== dirname(at)) at = dirname(at);
  const { name } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { name?: string };
  return name === COMMON ? at : packageOf(at);
}

/** Entry files of all copies that `starts` (files) and the packages that these use would load. */
export function entriesOf(starts: readonly string[]): string[] {
  const entries = new Set<string>();
  for (const start of starts) {
    const users = USERS.map((name) => resolved(start, name)).filter((file) => file !== null);
    for (const from of [start, ...users]) {
      const file = resolved(from, COMMON);
      if (file === null) continue;
      entries.add(file);
      const folder = packageOf(file);
      const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        exports?: { import?: string };
      };
      if (typeof exports.import === 'string') entries.add(join(folder, exports.import));
    }
  }
  return [...entries];
}
