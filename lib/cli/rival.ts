/** Another runtime with the API of onnxruntime-common, found where it is installed. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { raise } from '../errors.js';
import type { Tensor, TensorLike } from '../index.js';

interface RivalSession {
  run(feeds: Readonly<Record<string, TensorLike>>): Promise<Record<string, TensorLike>>;
  release?(): Promise<void>;
}
interface RivalModule {
  readonly InferenceSession: { create(path: string, options: object): Promise<RivalSession> };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => TensorLike;
}

export interface Rival {
  readonly name: string;
  /** the feeds as its own tensors */
  feeds(feeds: Readonly<Record<string, Tensor>>): Readonly<Record<string, TensorLike>>;
  run(feeds: Readonly<Record<string, TensorLike>>): Promise<Record<string, TensorLike>>;
  release(): Promise<void>;
}

/** Where it is looked for: the current directory, haio's own bench/rival, beside haio. */
const places = (): string[] => [
  join(process.cwd(), 'package.json'),
  fileURLToPath(new URL('../../../bench/rival/package.json', import.meta.url)),
  fileURLToPath(import.meta.url),
];

function pathOf(name: string): string {
  for (const place of places())
    try {
      return createRequire(place).resolve(name);
    } catch {
      // the next place
    }
  return raise('HAIO_E_ARGUMENT', {
    name: '--with',
    expected: `an installed runtime with the API of onnxruntime-common (npm install ${name})`,
    got: `'${name}', which is not found from ${process.cwd()}`,
  });
}

const isRuntime = (x: unknown): x is RivalModule =>
  typeof x === 'object' && x !== null && 'InferenceSession' in x && 'Tensor' in x;

const failed = (name: string, what: string, e: unknown): never =>
  raise(
    'HAIO_E_ARGUMENT',
    {
      name: '--with',
      expected: `a runtime that can ${what}`,
      got: `'${name}', which says: ${e instanceof Error ? e.message : String(e)}`,
    },
    e,
  );

/** Opens the model in the runtime `name` (a package or a file). */
export async function openRival(name: string, model: string, threads: number): Promise<Rival> {
  const path = pathOf(name);
  const loaded = (await import(pathToFileURL(path).href).catch((e: unknown) =>
    failed(name, 'be loaded', e),
  )) as { default?: unknown };
  const module = [loaded, loaded.default].find(isRuntime);
  if (!module) return failed(name, 'be used', 'it exports no InferenceSession and Tensor');
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 };
  const session = await module.InferenceSession.create(model, options).catch((e: unknown) =>
    failed(name, 'open the model', e),
  );
  return {
    name,
    feeds: (feeds) =>
      Object.fromEntries(
        Object.entries(feeds).map(([k, t]) => [k, new module.Tensor(t.type, t.data, t.dims)]),
      ),
    run: (feeds) => session.run(feeds).catch((e: unknown) => failed(name, 'run the model', e)),
    release: async () => session.release?.(),
  };
}
