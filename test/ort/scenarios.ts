/**
 * Calls of the API of onnxruntime-node, each with what it tells: run on onnxruntime-node to record, and
 * on haio to compare.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as common from 'onnxruntime-common';
import type { DType } from '../../lib/tensor/dtype.js';
import { external, gather, identity, loose, pair, sequence } from './models.js';

/** The module under test: onnxruntime-node, or haio/ort. */
export type Ort = typeof common & { listSupportedBackends(): unknown };
export interface Place {
  readonly ort: Ort;
  /** a folder to write to */
  readonly folder: string;
}
/** What a scenario tells; it may throw instead. */
export type Scenario = (place: Place) => Promise<unknown>;

type Options = common.InferenceSession.SessionOptions;
type Session = common.InferenceSession;
type Tensor = common.Tensor;

/** Options that types forbid. */
const odd = (options: object): Options => options;

/** A tensor as JSON: its type, its dims, the class of its data, its elements as text. */
const tell = (t: Tensor): unknown => ({
  type: t.type,
  dims: t.dims,
  data: t.data.constructor.name,
  elements: Array.from(t.data as ArrayLike<unknown>, String),
});
const tellAll = (outputs: Readonly<Record<string, common.OnnxValue>>): unknown =>
  Object.fromEntries(Object.entries(outputs).map(([k, t]) => [k, tell(t)]));

const signature = (s: Session): unknown => ({
  inputs: s.inputNames,
  outputs: s.outputNames,
  inputMetadata: s.inputMetadata,
  outputMetadata: s.outputMetadata,
});

const create = (ort: Ort, model: Uint8Array, options: Options = {}): Promise<Session> =>
  ort.InferenceSession.create(model, { logSeverityLevel: 4, ...options });

/** A session that is made and run once with these options. */
const withOptions =
  (options: object): Scenario =>
  async ({ ort }) => {
    const s = await create(ort, pair(), odd(options));
    const t = new ort.Tensor('float32', Float32Array.of(1, 2, 3), [1, 3]);
    const told = tellAll(await s.run({ a: t, b: t }));
    await s.release();
    return told;
  };

type Feeds = Record<string, Tensor>;
/** A run of `pair`; `call` gets the session and good feeds of two rows. */
const running =
  (call: (s: Session, feeds: Feeds, ort: Ort) => Promise<unknown>): Scenario =>
  async ({ ort }) => {
    const s = await create(ort, pair());
    const a = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const b = new ort.Tensor('float32', Float32Array.of(2, 3, 4, 5, 6, 7), [2, 3]);
    try {
      return await call(s, { a, b }, ort);
    } finally {
      await s.release();
    }
  };
/** The feeds with `b` as given. */
const feeding = (make: (ort: Ort) => unknown): Scenario =>
  running(async (s, { a }, ort) => tellAll(await s.run({ a: a!, b: make(ort) as Tensor })));

const DATA: Readonly<Partial<Record<DType, ArrayLike<unknown>>>> = {
  float32: Float32Array.of(1.5, -2),
  float64: Float64Array.of(0.1, -2),
  float16: Uint16Array.of(0x3c00, 0xc000),
  int8: Int8Array.of(-1, 2),
  uint8: Uint8Array.of(255, 2),
  int16: Int16Array.of(-300, 2),
  uint16: Uint16Array.of(65535, 2),
  int32: Int32Array.of(-70000, 2),
  uint32: Uint32Array.of(4e9, 2),
  int64: BigInt64Array.of(-(2n ** 62n), 2n),
  uint64: BigUint64Array.of(2n ** 63n, 2n),
  bool: Uint8Array.of(1, 0),
  string: ['é', ''],
};

const TYPES = Object.fromEntries(
  Object.entries(DATA).map(([type, data]): [string, Scenario] => [
    `type ${type}`,
    async ({ ort }) => {
      const s = await create(ort, identity(type as DType));
      const x = new ort.Tensor(type as 'float32', data as Float32Array, [1, 2]);
      return { ...(signature(s) as object), result: tellAll(await s.run({ x })) };
    },
  ]),
);

const bytesIn = (buffer: ArrayBufferLike, at: number): void =>
  new Uint8Array(buffer).set(pair(), at);
const length = (): number => pair().length;

const SOURCES: Readonly<Record<string, Scenario>> = {
  'model path': async ({ ort, folder }) => {
    const path = join(folder, 'pair.onnx');
    writeFileSync(path, pair());
    return signature(await ort.InferenceSession.create(path));
  },
  'model Uint8Array with an offset': async ({ ort }) => {
    const buffer = new ArrayBuffer(length() + 20);
    bytesIn(buffer, 7);
    return signature(await create(ort, new Uint8Array(buffer, 7, length())));
  },
  'model ArrayBuffer': async ({ ort }) => {
    const buffer = new ArrayBuffer(length());
    bytesIn(buffer, 0);
    return signature(await ort.InferenceSession.create(buffer, {}));
  },
  'model ArrayBuffer, offset, length': async ({ ort }) => {
    const buffer = new ArrayBuffer(length() + 20);
    bytesIn(buffer, 9);
    return signature(await ort.InferenceSession.create(buffer, 9, length(), {}));
  },
  'model not a file': ({ ort }) => ort.InferenceSession.create('/nowhere/model.onnx'),
  'model no bytes': ({ ort }) => create(ort, new Uint8Array(0)),
  'model garbage': ({ ort }) => create(ort, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
  'model null': ({ ort }) => create(ort, null as unknown as Uint8Array),
  'model number': ({ ort }) => create(ort, 5 as unknown as Uint8Array),
  'external data beside the file': async ({ ort, folder }) => {
    const path = join(folder, 'external.onnx');
    writeFileSync(path, external());
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(Float32Array.of(10, 20).buffer));
    const s = await ort.InferenceSession.create(path);
    return tellAll(await s.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2), [2]) }));
  },
  'external data given': async ({ ort }) => {
    const data = new Uint8Array(Float32Array.of(10, 20).buffer);
    const s = await create(ort, external(), { externalData: [{ path: 'weights.bin', data }] });
    return tellAll(await s.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2), [2]) }));
  },
  'external data given for a file': async ({ ort, folder }) => {
    const path = join(folder, 'given.onnx');
    writeFileSync(path, external());
    const data = new Uint8Array(Float32Array.of(30, 40).buffer);
    const s = await ort.InferenceSession.create(path, {
      externalData: [{ path: 'weights.bin', data }],
    });
    return tellAll(await s.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2), [2]) }));
  },
  'external data missing': ({ ort }) => create(ort, external()),
  'external data too short': ({ ort }) =>
    create(ort, external(), { externalData: [{ path: 'weights.bin', data: new Uint8Array(3) }] }),
  'external data without a path': ({ ort }) =>
    create(ort, external(), odd({ externalData: [{ data: new Uint8Array(8) }] })),
  'external data not bytes': ({ ort }) =>
    create(ort, external(), odd({ externalData: [{ path: 'weights.bin', data: [1, 2] }] })),
};

const OPTIONS: Readonly<Record<string, object>> = {
  none: {},
  cpu: { executionProviders: ['cpu'] },
  'cpu as object': { executionProviders: [{ name: 'cpu', useArena: true }] },
  'unknown provider': { executionProviders: ['nothing'] },
  'providers not a list': { executionProviders: 'cpu' },
  'optimization disabled': { graphOptimizationLevel: 'disabled' },
  'optimization basic': { graphOptimizationLevel: 'basic' },
  'optimization extended': { graphOptimizationLevel: 'extended' },
  'optimization layout': { graphOptimizationLevel: 'layout' },
  'optimization all': { graphOptimizationLevel: 'all' },
  'optimization unknown': { graphOptimizationLevel: 'some' },
  'optimization number': { graphOptimizationLevel: 99 },
  'one thread': { intraOpNumThreads: 1 },
  'default threads': { intraOpNumThreads: 0 },
  'threads negative': { intraOpNumThreads: -1 },
  'threads fraction': { intraOpNumThreads: 1.5 },
  'threads text': { intraOpNumThreads: '2' },
  'inter-op threads': { interOpNumThreads: 1 },
  'inter-op threads negative': { interOpNumThreads: -1 },
  'arena off': { enableCpuMemArena: false },
  'arena number': { enableCpuMemArena: 1 },
  'memory pattern': { enableMemPattern: false },
  'memory pattern text': { enableMemPattern: 'no' },
  sequential: { executionMode: 'sequential' },
  parallel: { executionMode: 'parallel' },
  'mode unknown': { executionMode: 'fast' },
  'log id': { logId: 'x' },
  'log id number': { logId: 1 },
  'log level': { logSeverityLevel: 3 },
  'log level too high': { logSeverityLevel: 5 },
  'log level text': { logSeverityLevel: 'error' },
  'verbosity level': { logVerbosityLevel: 0 },
  'free dimension': { freeDimensionOverrides: { rows: 1 } },
  'free dimension that is not there': { freeDimensionOverrides: { nothing: 1 } },
  'profiling without a prefix': { enableProfiling: true },
  'profiling off': { enableProfiling: false },
  'profiling text': { enableProfiling: 'yes' },
  extra: { extra: { session: { disable_prepacking: '1' } } },
  'extra number': { extra: { session: { disable_prepacking: 1 } } },
  'extra text': { extra: 'x' },
  'external data null': { externalData: undefined },
  'external data text': { externalData: 'x' },
  'output location cpu': { preferredOutputLocation: 'cpu' },
  'output location unknown': { preferredOutputLocation: 'moon' },
  'output location by name': { preferredOutputLocation: { sum: 'cpu' } },
  'output location of an unknown output': { preferredOutputLocation: { nothing: 'cpu' } },
  'unknown option': { nothing: 1 },
};

const FETCHES: Readonly<Record<string, Scenario>> = {
  'fetches list': running(async (s, feeds) => tellAll(await s.run(feeds, ['product']))),
  'fetches null': running(async (s, feeds) => tellAll(await s.run(feeds, { product: null }))),
  'fetches empty list': running((s, feeds) => s.run(feeds, [])),
  'fetches unknown name': running((s, feeds) => s.run(feeds, ['nothing'])),
  'fetches in place': running(async (s, feeds, ort) => {
    const mine = new Float32Array(6);
    const t = new ort.Tensor('float32', mine, [2, 3]);
    const { sum } = await s.run(feeds, { sum: t });
    return { sum: tell(sum as Tensor), mine: [...mine], same: (sum as Tensor).data === mine };
  }),
  'fetches in place inside a buffer': running(async (s, feeds, ort) => {
    const all = new Float32Array(10).fill(-1);
    const t = new ort.Tensor('float32', all.subarray(2, 8), [2, 3]);
    await s.run(feeds, { sum: t });
    return [...all];
  }),
  'fetches of another shape': running((s, feeds, ort) =>
    s.run(feeds, { sum: new ort.Tensor('float32', new Float32Array(6), [3, 2]) }),
  ),
  'fetches of another rank': running((s, feeds, ort) =>
    s.run(feeds, { sum: new ort.Tensor('float32', new Float32Array(6), [6]) }),
  ),
  'fetches of another size': running((s, feeds, ort) =>
    s.run(feeds, { sum: new ort.Tensor('float32', new Float32Array(3), [1, 3]) }),
  ),
  'fetches of another type': running((s, feeds, ort) =>
    s.run(feeds, { sum: new ort.Tensor('int32', new Int32Array(6), [2, 3]) }),
  ),
};

const RUNS: Readonly<Record<string, Scenario>> = {
  'run ': running(async (s, feeds) => tellAll(await s.run(feeds))),
  'run twice at once': running(async (s, feeds) =>
    (await Promise.all([s.run(feeds), s.run(feeds)])).map(tellAll),
  ),
  'run with options': running(async (s, feeds) =>
    tellAll(await s.run(feeds, { tag: 'x', logSeverityLevel: 2 })),
  ),
  'run with fetches and options': running(async (s, feeds) =>
    tellAll(await s.run(feeds, ['sum'], { tag: 'x' })),
  ),
  'run with a tag that is a number': running((s, feeds) =>
    s.run(feeds, { tag: 1 as unknown as string }),
  ),
  'run with a log level too high': running((s, feeds) =>
    s.run(feeds, { logSeverityLevel: 5 as 4 }),
  ),
  'run with options null': running((s, feeds) => s.run(feeds, null as unknown as string[])),
  'run terminate': running((s, feeds) => s.run(feeds, { terminate: true })),
  'run terminate false': running(async (s, feeds) =>
    tellAll(await s.run(feeds, { terminate: false })),
  ),
  'run without feeds': running((s) => s.run(null as unknown as Feeds)),
  'run with a list': running((s) => s.run([] as unknown as Feeds)),
  'run with an input missing': running((s, { a }) => s.run({ a: a! })),
  'run with an input too many': running(async (s, feeds) =>
    tellAll(await s.run({ ...feeds, c: feeds['a']! })),
  ),
  'run of no rows': running(async (s, _, ort) => {
    const t = new ort.Tensor('float32', new Float32Array(0), [0, 3]);
    return tellAll(await s.run({ a: t, b: t }));
  }),
  'feed null': feeding(() => null),
  'feed text': feeding(() => 'x'),
  'feed a typed array': feeding(() => new Float32Array(6)),
  'feed another type': feeding((o) => new o.Tensor('int32', new Int32Array(6), [2, 3])),
  'feed another rank': feeding((o) => new o.Tensor('float32', new Float32Array(6), [6])),
  'feed another width': feeding((o) => new o.Tensor('float32', new Float32Array(4), [2, 2])),
  'feed rows that do not broadcast': feeding(
    (o) => new o.Tensor('float32', new Float32Array(9), [3, 3]),
  ),
  'feed one row that is repeated': feeding(
    (o) => new o.Tensor('float32', Float32Array.of(7, 8, 9), [1, 3]),
  ),
  'feed a plain object': feeding(() => ({
    type: 'float32',
    data: Float32Array.of(1, 1, 1, 1, 1, 1),
    dims: [2, 3],
    location: 'cpu',
  })),
  'feed strides of a larger buffer': feeding(
    (o) => new o.Tensor('float32', new Float32Array(9).fill(2).subarray(3), [2, 3]),
  ),
  'index out of range': async ({ ort }) => {
    const s = await create(ort, gather());
    const x = new ort.Tensor('float32', new Float32Array(3), [3]);
    return s.run({ x, index: new ort.Tensor('int64', BigInt64Array.of(5n), [1]) });
  },
  'release twice': async ({ ort }) => {
    const s = await create(ort, pair());
    await s.release();
    await s.release();
  },
  'run after release': async ({ ort }) => {
    const s = await create(ort, pair());
    await s.release();
    const t = new ort.Tensor('float32', new Float32Array(3), [1, 3]);
    return tellAll(await s.run({ a: t, b: t }));
  },
  'names after release': async ({ ort }) => {
    const s = await create(ort, pair());
    await s.release();
    return signature(s);
  },
  'session is extensible': async ({ ort }) => {
    const s = (await create(ort, pair())) as Session & { config?: string };
    s.config = 'mine';
    return [s.config, Object.isExtensible(s)];
  },
};

const SIGNATURES: Readonly<Record<string, Scenario>> = {
  'signature of loose shapes': async ({ ort }) => signature(await create(ort, loose())),
  'signature of a sequence': async ({ ort }) => signature(await create(ort, sequence())),
  'signature with sizes given': async ({ ort }) =>
    signature(await create(ort, pair(), { freeDimensionOverrides: { rows: 4 } })),
  'run of loose shapes': async ({ ort }) => {
    const s = await create(ort, loose());
    const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [1, 2, 2]);
    const scale = new ort.Tensor('float32', Float32Array.of(2), []);
    return tellAll(await s.run({ x, scale, free: x }));
  },
  'default of an input': async ({ ort }) => {
    const s = await create(ort, loose());
    const x = new ort.Tensor('float32', Float32Array.of(1, 2), [1, 1, 2]);
    const scale = new ort.Tensor('float32', Float32Array.of(2), []);
    const shift = new ort.Tensor('float32', Float32Array.of(0.5), [1]);
    return tellAll(await s.run({ x, scale, free: x, shift }));
  },
};

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...SOURCES,
  ...Object.fromEntries(
    Object.entries(OPTIONS).map(([name, options]) => [`option: ${name}`, withOptions(options)]),
  ),
  ...TYPES,
  ...SIGNATURES,
  ...RUNS,
  ...FETCHES,
};

/** What a scenario told as plain JSON, or that it failed. */
export async function outcomeOf(scenario: Scenario, place: Place): Promise<unknown> {
  let told: unknown;
  try {
    told = await scenario(place);
  } catch (e) {
    return { fails: e instanceof Error ? e.message.split('\n')[0] : String(e) };
  }
  return { tells: JSON.parse(JSON.stringify(told ?? null)) as unknown };
}
