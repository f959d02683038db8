// Mutates small models and imports them: node scripts/fuzz-import.mjs [seconds] [seed] [dist folder].
// Every outcome must be a graph, a HaioError (no internal one) or a request for pins, within a few
// seconds. A model that breaks this is written to fuzz-import.onnx, and the exit code is 1.
import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const [seconds = '20', seed = `${Date.now() % 2 ** 31}`, dist = 'dist'] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${dist}/${path}`).href);
const { HaioError } = await load('lib/errors.js');
const { PinRequest } = await load('lib/ir/op.js');
const { importModel } = await load('lib/onnx/import.js');
const { decode, encode } = await load('lib/onnx/schema.js');
const { GALLERY } = await load('test/models/gallery.js');
const { random } = await load('test/models/random.js');

const SLOW = 5000;
const r = random(Number(seed));
const pick = (list) => list[r.int(0, list.length)];
const models = Object.values(GALLERY).map((make) => make());
const NUMBERS = [
  0,
  1,
  -1,
  2,
  3,
  7,
  64,
  127,
  128,
  255,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 40,
];
const WIDE = [...NUMBERS, 2n ** 63n - 1n, -(2n ** 63n)];
const WORDS = [
  '',
  'x',
  'y',
  'ai.onnx',
  'com.microsoft',
  'test',
  '\0',
  'a'.repeat(300),
  '__proto__',
  'constructor',
];
const TYPES = [
  'If',
  'Loop',
  'Scan',
  'Constant',
  'Reshape',
  'Conv',
  'Slice',
  'Resize',
  'Concat',
  'Expand',
  'Tile',
  'Range',
  'Pad',
  'Split',
  'Gather',
  'Transpose',
  'LSTM',
  'MatMul',
  'Where',
  'TopK',
  'Cast',
  'Einsum',
];

/** Changes some bytes: flips, cuts, insertions, a piece of another model. */
function mutateBytes(bytes) {
  let out = Buffer.from(bytes);
  for (let n = r.int(1, 8); n > 0; n--) {
    const at = r.int(0, out.length || 1);
    const kind = r.int(0, 6);
    if (kind === 0) out[at] ^= 1 << r.int(0, 8);
    else if (kind === 1) out[at] = pick([0, 1, 127, 128, 255, r.int(0, 256)]);
    else if (kind === 2) out = out.subarray(0, at);
    else if (kind === 3)
      out = Buffer.concat([out.subarray(0, at), out.subarray(at + r.int(1, 16))]);
    else {
      const other = Buffer.from(pick(models).bytes);
      const from = r.int(0, other.length);
      const piece = other.subarray(from, from + r.int(1, kind === 4 ? 16 : 400));
      out = Buffer.concat([out.subarray(0, at), piece, out.subarray(at)]);
    }
  }
  return out;
}

/** Changes some fields of the decoded message, so that deeper layers are reached. */
function mutateFields(bytes) {
  const model = decode('ModelProto', bytes);
  const places = [];
  const visit = (message) => {
    for (const key of Object.keys(message)) {
      const value = message[key];
      places.push([message, key]);
      const parts = Array.isArray(value) ? value : [value];
      for (const part of parts)
        if (part && typeof part === 'object' && !(part instanceof Uint8Array)) visit(part);
    }
  };
  visit(model);
  const change = (value) => {
    if (typeof value === 'string') return pick([...WORDS, ...TYPES, value.slice(1)]);
    if (typeof value === 'bigint') return pick(WIDE);
    if (typeof value === 'number') return r.next() < 0.5 ? value + r.int(-2, 3) : pick(NUMBERS);
    if (value instanceof Uint8Array) return value.subarray(r.int(0, value.length + 1));
    return undefined;
  };
  for (let n = r.int(1, 5); n > 0; n--) {
    const [message, key] = pick(places);
    const value = message[key];
    if (!Array.isArray(value)) {
      const changed = change(value);
      if (changed === undefined) delete message[key];
      else message[key] = changed;
      continue;
    }
    const list = [...value];
    const at = r.int(0, list.length + 1);
    const kind = r.int(0, 5);
    if (kind === 0) list.splice(at, 1);
    else if (kind === 1 && list.length > 0) list.splice(at, 0, pick(list));
    else if (kind === 2) list.reverse();
    else if (at < list.length) {
      const other = pick(places)[0][key];
      const changed = change(list[at]);
      if (changed !== undefined)
        list[at] = typeof changed === 'number' ? Math.trunc(changed) : changed;
      else if (Array.isArray(other) && other.length > 0) list[at] = pick(other);
    }
    message[key] = list;
  }
  try {
    return encode('ModelProto', model);
  } catch {
    // a message that contains itself, or a float where an integer belongs: no model at all
    return mutateBytes(bytes);
  }
}

/** Imports, answering requests for pins; returns what came out. */
function outcome(bytes, inputs) {
  const options = { sizes: {}, values: {}, shapes: {} };
  for (let round = 0; ; round++)
    try {
      importModel(bytes, options);
      return round === 0 ? 'graph' : 'graph after pins';
    } catch (e) {
      if (e instanceof HaioError && e.code !== 'HAIO_E_INTERNAL') return e.code;
      if (!(e instanceof PinRequest)) throw e;
      if (round === 4) return 'pins without end';
      for (const s of e.symbols) options.sizes[s.name] = r.int(0, 8);
      for (const name of e.shapes) options.shapes[name] = [2, 3];
      for (const name of e.inputs) {
        if (!Object.hasOwn(inputs, name)) return 'pins of unknown inputs';
        options.values[name] = inputs[name];
      }
    }
}

const counts = new Map();
const end = performance.now() + 1000 * Number(seconds);
let runs = 0;
let slowest = 0;
while (performance.now() < end) {
  const { bytes, inputs } = pick(models);
  const mutated = r.next() < 0.4 ? mutateBytes(bytes) : mutateFields(bytes);
  const start = performance.now();
  let result;
  try {
    result = outcome(mutated, inputs);
  } catch (e) {
    writeFileSync('fuzz-import.onnx', mutated);
    console.error(`seed ${seed}, run ${runs}: the import broke; the model is fuzz-import.onnx`);
    console.error(e);
    process.exit(1);
  }
  const time = performance.now() - start;
  slowest = Math.max(slowest, time);
  if (time > SLOW) {
    writeFileSync('fuzz-import.onnx', mutated);
    console.error(
      `seed ${seed}, run ${runs}: ${Math.round(time)} ms; the model is fuzz-import.onnx`,
    );
    process.exit(1);
  }
  counts.set(result, (counts.get(result) ?? 0) + 1);
  runs++;
}
console.log(`seed ${seed}: ${runs} models, slowest ${Math.round(slowest)} ms`);
for (const [name, n] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`${n}\t${name}`);
