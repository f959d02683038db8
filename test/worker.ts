/** What a worker thread of runtime.test.ts does: a session of its own; answers with a row count. */
import { parentPort, workerData } from 'node:worker_threads';
import { Tensor, load } from '../lib/index.js';
import { random } from './models/random.js';
import { linear } from './models/towers.js';

const session = await load(linear(16));
const data = random(workerData as number).tensor([5, 16]).data;
const { y } = await session.run({ x: new Tensor('float32', data, [5, 16]) });
parentPort!.postMessage(y!.dims[0]);
await session.release();
