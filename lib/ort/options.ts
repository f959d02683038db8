/** Session and run options of onnxruntime-common: checked as onnxruntime-node does, in haio's words. */
import type { InferenceSession } from 'onnxruntime-common';
import { raise } from '../errors.js';
import type { LoadOptions } from '../index.js';
import { PASSES } from '../passes/index.js';
import { describe } from '../runtime/tensor.js';

type Check = readonly [expected: string, fits: (value: unknown) => boolean];

const whole: Check = [
  'an integer from 0 to 4294967295',
  (v) => Number.isInteger(v) && (v as number) >= 0 && (v as number) <= 0xffffffff,
];
const flag: Check = ['a boolean', (v) => typeof v === 'boolean'];
const text: Check = ['a string', (v) => typeof v === 'string'];
const level: Check = ['an integer from 0 to 4', (v) => [0, 1, 2, 3, 4].includes(v as number)];
const names = (...list: readonly string[]): Check => [
  list.map((n) => `'${n}'`).join(' | '),
  (v) => list.includes(v as string),
];
const isObject = (v: unknown): v is object => typeof v === 'object' && v !== null;
const isConfig = (v: unknown): boolean =>
  isObject(v) &&
  Object.values(v).every((each) => typeof each === 'string' || (isObject(each) && isConfig(each)));

/** Where outputs may be asked to lie; all of them but 'cpu' are refused. */
const LOCATION = names('cpu', 'cpu-pinned');

const SESSION: Readonly<Record<string, Check>> = {
  intraOpNumThreads: whole,
  interOpNumThreads: whole,
  graphOptimizationLevel: names('disabled', 'basic', 'extended', 'layout', 'all'),
  enableCpuMemArena: flag,
  enableMemPattern: flag,
  executionMode: names('sequential', 'parallel'),
  enableProfiling: flag,
  profileFilePrefix: text,
  logId: text,
  logSeverityLevel: level,
  extra: ['an object of strings', isConfig],
  externalData: ['a list', (v) => v === null || Array.isArray(v)],
  freeDimensionOverrides: [
    'sizes by name',
    (v) => isObject(v) && Object.values(v).every((n) => Number.isInteger(n) && n >= 0),
  ],
};
const RUN: Readonly<Record<string, Check>> = {
  logSeverityLevel: level,
  tag: text,
  terminate: flag,
  signal: ['an AbortSignal', (v) => v instanceof AbortSignal],
};

function check(options: object, table: Readonly<Record<string, Check>>): void {
  for (const [name, [expected, fits]] of Object.entries(table)) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && !fits(value)) wrong(name, expected, value);
  }
}

function wrong(name: string, expected: string, value: unknown): never {
  raise('HAIO_E_ARGUMENT', { name, expected, got: describe(value) });
}

/** Passes that also run at level 'basic': they remove nodes, and fuse none. */
const BASIC = [
  'fold-constants',
  'dead-code',
  'common-subexpressions',
  'simplify',
  'simplify-views',
];

/** Passes to leave out at a level; all of haio's are safe, so 'extended' means 'all'. */
function left(graphLevel: string | undefined): string[] {
  if (graphLevel !== 'disabled' && graphLevel !== 'basic') return [];
  const kept = graphLevel === 'basic' ? BASIC : [];
  return [...new Set(PASSES.map((p) => p.name))].filter((name) => !kept.includes(name));
}

/** Bytes by file name. Entries that are only paths are found beside the model. */
function externalOf(list: readonly unknown[]): Record<string, Uint8Array> {
  const external: Record<string, Uint8Array> = {};
  for (const [i, entry] of list.entries()) {
    if (typeof entry === 'string') continue;
    const { path, data } = (entry ?? {}) as { path?: unknown; data?: unknown };
    if (typeof path !== 'string') wrong(`externalData[${i}].path`, 'a string', path);
    if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer)
      external[path] = new Uint8Array(data);
    else if (data instanceof Uint8Array) external[path] = data;
    else if (typeof data !== 'string') wrong(`externalData[${i}].data`, 'a Uint8Array', data);
  }
  return external;
}

/** @throws HaioError HAIO_E_ARGUMENT where an output is wanted elsewhere than in memory */
export function checkLocations(wanted: unknown, outputs: readonly string[]): void {
  if (wanted === undefined || wanted === null) return;
  const each = isObject(wanted) ? Object.entries(wanted) : [['', wanted] as const];
  for (const [name, place] of each) {
    const what = name === '' ? 'preferredOutputLocation' : `preferredOutputLocation.${name}`;
    if (name !== '' && !outputs.includes(name))
      raise('HAIO_E_NAME', { what: 'output', name, known: outputs.join(', ') });
    if (!LOCATION[1](place)) wrong(what, LOCATION[0], place);
  }
}

export interface SessionSettings {
  readonly load: LoadOptions;
  /** prefix of the file that a profile is written to; null where none is wanted */
  readonly profile: string | null;
}

/**
 * Options that have no meaning here (memory arenas, execution mode, log levels) are checked and
 * then ignored; `haio: {…}` takes options of load() and wins.
 */
export function sessionSettings(options: InferenceSession.SessionOptions): SessionSettings {
  check(options, SESSION);
  const { profileFilePrefix, enableProfiling } = options;
  if (enableProfiling && profileFilePrefix === undefined)
    wrong('profileFilePrefix', 'a string, as enableProfiling is set', undefined);
  const off = left(options.graphOptimizationLevel);
  const threads = options.intraOpNumThreads;
  const sizes = options.freeDimensionOverrides;
  const { haio } = options as { readonly haio?: LoadOptions };
  return {
    load: {
      external: externalOf(options.externalData ?? []),
      ...(threads ? { threads: Math.min(threads, 1024) } : {}),
      ...(sizes ? { sizes } : {}),
      ...(off.length > 0 ? { off } : {}),
      ...haio,
    },
    profile: enableProfiling ? profileFilePrefix! : null,
  };
}

/** The signal that stops the run, if any. @throws HaioError HAIO_E_ARGUMENT */
export function runSignal(options: InferenceSession.RunOptions): AbortSignal | undefined {
  check(options, RUN);
  if (options.terminate) return AbortSignal.abort(new Error('the run option terminate is set'));
  return (options as { readonly signal?: AbortSignal }).signal;
}
