/** What lib/native/process.test.ts does in processes and workers of its own: argv names the task. */
import { parentPort } from 'node:worker_threads';
import { SOFTMAX, softmaxWords } from './plan-words.js';
import { loadAddon } from '../lib/native/binding.js';
import type { RunResult } from '../lib/native/types.js';

const addon = loadAddon();
const open = () => addon.sessionCreate(0, { threads: 0, isa: '', lanes: 2 });
const array = () => new Float32Array(256 * 512);
const session = open();

function submit(depth: number): Promise<RunResult>[] {
  const binding = session.bind(softmaxWords(256, 512, depth), SOFTMAX);
  return [0, 1, 2, 3].map((token) => session.run(binding, [array()], [array()], token));
}

const tasks: Record<string, () => void> = {
  idle: () => void Promise.all(submit(2)),
  pending: () => {
    let done = 0;
    for (const run of submit(20)) void run.then((r) => (done += r.code === 0 ? 1 : 0));
    process.on('exit', () => {
      if (done !== 4) process.exitCode = 3;
    });
  },
  exit: () => {
    void submit(4000);
    setTimeout(() => process.exit(0), 20);
  },
  // The parent terminates this worker when it hears of the runs.
  busy: () => {
    void submit(4000);
    setTimeout(() => parentPort!.postMessage('busy'), 10);
  },
  garbage: () => {
    for (let i = 0; i < 300; i++) {
      const other = open();
      const binding = other.bind(softmaxWords(16, 16, 3), SOFTMAX);
      void other.run(binding, [new Float32Array(256)], [new Float32Array(256)], 0);
      if (i % 100 === 0) globalThis.gc?.();
    }
    setTimeout(() => globalThis.gc?.(), 50);
  },
};
tasks[process.argv[2]!]!();
