/**
 * The JavaScript thread's side of compiling: a compile worker that is kept for a while between
 * compiles. Bytes reach it through shared memory, copied in slices so that the event loop goes on.
 */
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { HaioError } from '../errors.js';
import type { Place } from './cache.js';
import type { CompileOptions, Compiled, Deferred, Source } from './compile.js';
import { nextTurn } from '../native/turn.js';
import { errorOf } from './failure.js';
import type { Reply, Request } from './compile-worker.js';

interface Job {
  resolve(result: Compiled | Deferred): void;
  reject(error: Error): void;
  progress(phase: string): void;
}

/** milliseconds an idle worker is kept, unless it holds too many bytes or has compiled enough */
const KEEP = 2000;
const MOST_HEAP = 64 << 20;
const MOST_COMPILES = 32;
/** bytes copied per turn of the event loop */
const SLICE = 4 << 20;

let worker: Worker | null = null;
let timer: NodeJS.Timeout | null = null;
const jobs = new Map<number, Job>();
let ids = 0;
/** results of the worker that it has not kept yet */
let keeping = 0;
/** of the worker at work */
let compiles = 0;

const changed = (file: string): number =>
  statSync(new URL(file, import.meta.url), { throwIfNoEntry: false })?.mtimeMs ?? -1;

/**
 * The worker's code: the file with all of its modules that scripts/bundle.mjs makes, which starts much
 * faster, unless the sources were compiled later.
 */
function workerFile(): URL {
  const bundle = './compile-worker.bundle.js';
  const fresh = changed(bundle) > changed('../../.tsbuildinfo');
  return new URL(fresh ? bundle : './compile-worker.js', import.meta.url);
}

function start(): Worker {
  if (timer) clearTimeout(timer);
  timer = null;
  if (worker) {
    worker.ref();
    return worker;
  }
  const w = new Worker(workerFile(), { execArgv: [], stdout: false });
  w.on('message', (reply: Reply) => settle(reply));
  w.on('error', (e: Error) => fail(w, e));
  w.on('exit', () => fail(w, new Error('the compile worker ended')));
  worker = w;
  compiles = 0;
  keeping = 0;
  return w;
}

function fail(w: Worker, cause: Error): void {
  if (worker !== w) return;
  worker = null;
  for (const job of jobs.values())
    job.reject(new HaioError('HAIO_E_INTERNAL', { reason: cause.message }, { cause }));
  jobs.clear();
}

function settle(reply: Reply): void {
  const job = jobs.get(reply.id);
  if ('progress' in reply) return job?.progress(reply.progress);
  if ('kept' in reply) keeping--;
  else {
    jobs.delete(reply.id);
    compiles++;
  }
  if ('result' in reply && reply.keeping) keeping++;
  if (jobs.size === 0 && keeping === 0) idle(reply.heap > MOST_HEAP || compiles >= MOST_COMPILES);
  if ('result' in reply) job?.resolve(reply.result);
  if ('error' in reply) job?.reject(errorOf(reply.error));
}

/** What a compile leaves behind goes with the worker: its garbage is collected late, or never. */
function retire(): void {
  const w = worker;
  worker = null;
  void w?.terminate();
}

function idle(full: boolean): void {
  if (full) return retire();
  worker?.unref();
  timer = setTimeout(retire, KEEP);
  timer.unref();
}

/** The same source with its bytes in shared memory; a file stays a path. */
export async function shareSource(source: Source): Promise<Source> {
  const external: Record<string, Uint8Array> = {};
  for (const [name, bytes] of Object.entries(source.external ?? {}))
    external[name] = await share(bytes);
  return 'path' in source
    ? { path: source.path, external }
    : { bytes: await share(source.bytes), external };
}

async function share(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const out = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await nextTurn();
    out.set(bytes.subarray(at, at + SLICE), at);
  }
  return out;
}

/** Compiles in the worker, which keeps the result at `place`. `source` must come from shareSource. */
export function compileInWorker(
  source: Source,
  options: CompileOptions,
  progress: (phase: string) => void = () => undefined,
  place: Place | null = null,
): Promise<Compiled | Deferred> {
  return new Promise((resolve, reject) => {
    const id = ++ids;
    jobs.set(id, { resolve, reject, progress });
    start().postMessage({ id, source, options, place } satisfies Request);
  });
}
