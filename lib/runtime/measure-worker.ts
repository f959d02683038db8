/** Measures the machine in a worker thread: the JavaScript thread goes on. Posts the profile once. */
import { parentPort } from 'node:worker_threads';
import { measureHardware } from '../hardware/measure.js';
import { loadAddon } from '../native/binding.js';
import { makeProbe } from './probe.js';

const addon = loadAddon();
parentPort!.postMessage(measureHardware(addon.inspect(), makeProbe(addon)));
