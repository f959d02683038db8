/** The compile worker: takes requests one after the other, answers with ids and plain data. */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { loadAddon } from '../native/binding.js';
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
}
export type Reply =
  | { readonly id: number; readonly progress: string }
  | { readonly id: number; readonly heap: number; readonly result: Compiled | Deferred }
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

function answer({ id, source, options }: Request): void {
  try {
    const result = compileModel(loadAddon(), source, options, (phase) =>
      port.postMessage({ id, progress: phase } satisfies Reply),
    );
    port.postMessage({ id, heap: heap(), result } satisfies Reply);
  } catch (e) {
    port.postMessage({ id, heap: heap(), error: plainError(e) } satisfies Reply);
  }
}
