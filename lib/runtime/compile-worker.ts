/** The compile worker: takes requests one after the other, answers with ids and plain data. */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { loadAddon } from '../native/binding.js';
import { type Place, keep } from './cache.js';
import {
  type CompileOptions,
  type Compiled,
  type Deferred,
  type Source,
  compileModel,
} from './compile.js';
import { type PlainError, plainError } from './failure.js';

export interface Request {
  readonly id: number;
  readonly source: Source;
  readonly options: CompileOptions;
  /** where the result is to be kept */
  readonly place: Place | null;
}
export type Reply =
  | { readonly id: number; readonly progress: string }
  /** `keeping`: another reply tells when it has been kept */
  | {
      readonly id: number;
      readonly heap: number;
      readonly keeping: boolean;
      readonly result: Compiled | Deferred;
    }
  | { readonly id: number; readonly heap: number; readonly kept: true }
  | { readonly id: number; readonly heap: number; readonly error: PlainError };

/** Below the JavaScript thread that waits for it; on Linux a priority is a thread's, not the process's. */
const NICE = 10;
if (process.platform === 'linux') {
  try {
    setPriority(0, NICE);
  } catch {
    // not allowed here: it works all the same
  }
}

/** Bytes that this thread holds, garbage of its compiles and mapped models among them. */
function heap(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const port = parentPort!;
port.on('message', answer);

function answer({ id, source, options, place }: Request): void {
  const addon = loadAddon();
  const files: string[] = [];
  try {
    const say = (phase: string): void => port.postMessage({ id, progress: phase } satisfies Reply);
    const result = compileModel(addon, source, options, say, files);
    // whoever gets the result may release it before it is kept
    const model = place && 'model' in result ? result.model : 0;
    if (model > 0) addon.modelRetain(model);
    port.postMessage({ id, heap: heap(), keeping: place !== null, result } satisfies Reply);
    if (!place) return;
    void keep(addon, place, result, files, options.offered).then(() => {
      if (model > 0) addon.modelRelease(model);
      port.postMessage({ id, heap: heap(), kept: true } satisfies Reply);
    });
  } catch (e) {
    port.postMessage({ id, heap: heap(), error: plainError(e) } satisfies Reply);
  }
}
