/** onnxruntime-node, where it is installed in bench/rival (npm ci --ignore-scripts --prefix bench/rival). */
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TensorLike } from '../lib/index.js';

export interface RivalSession {
  run(feeds: Readonly<Record<string, TensorLike>>): Promise<Record<string, TensorLike>>;
  release(): Promise<void>;
}
interface Rival {
  readonly InferenceSession: {
    create(path: string, options: object): Promise<RivalSession>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => TensorLike;
}

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bench', 'rival');

/** The rival's module, or null where it is not installed. */
export function rivalModule(): Rival | null {
  try {
    return createRequire(join(folder, 'package.json'))('onnxruntime-node') as Rival;
  } catch {
    return null;
  }
}

/** A session of the rival with `threads` threads, or null where it is not installed. */
export async function loadRival(
  path: string,
  threads: number,
  more: object = {},
): Promise<RivalSession | null> {
  const module = rivalModule();
  if (!module) return null;
  const session = await module.InferenceSession.create(path, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...more,
  });
  return {
    run: (feeds) =>
      session.run(
        Object.fromEntries(
          Object.entries(feeds).map(([k, t]) => [k, new module.Tensor(t.type, t.data, t.dims)]),
        ),
      ),
    release: () => session.release(),
  };
}
