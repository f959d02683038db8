/** The addon in processes and workers that end at any moment. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const here = dirname(fileURLToPath(import.meta.url));
const script = join(here, '..', '..', 'test', 'addon-worker.js');

/** Exit code of a process that does `task`; its error output is part of the assertion. */
function assertExits(task: string, timeout = 20000): void {
  const child = spawnSync(process.execPath, ['--expose-gc', script, task], {
    encoding: 'utf8',
    timeout,
  });
  assert.deepEqual([child.status, child.stderr], [0, ''], task);
}

describe('processes', () => {
  before(function () {
    if (process.env['HAIO_EMULATED']) this.skip();
  });
  it('ends although a session is open and idle', () => assertExits('idle'));
  it('waits for a promise before it ends', () => assertExits('pending'));
  it('ends by process.exit() in the middle of runs', () => assertExits('exit'));
  it('collects sessions and bindings that nobody released', () => assertExits('garbage'));
});

describe('workers', function () {
  this.timeout(60000);
  const start = (task: string): Promise<number> =>
    new Promise((done, fail) => {
      const worker = new Worker(script, { argv: [task] });
      worker.on('exit', done);
      worker.on('error', fail);
      worker.on('message', () => void worker.terminate());
    });
  it('run sessions side by side', async () => {
    const tasks = ['pending', 'idle', 'pending', 'garbage'];
    assert.deepEqual(await Promise.all(tasks.map(start)), [0, 0, 0, 0]);
  });
  it('are terminated in the middle of runs', async () => {
    for (let i = 0; i < 5; i++)
      assert.deepEqual(await Promise.all([start('busy'), start('busy')]), [1, 1]);
  });
  it('end by process.exit() in the middle of runs', async () => {
    assert.deepEqual(await Promise.all([start('exit'), start('exit')]), [0, 0]);
  });
});
