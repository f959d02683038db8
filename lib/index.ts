/** The public API of haio. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { raise } from './errors.js';
import { cacheFolder } from './hardware/store.js';
import { inspection, loadAddon } from './native/binding.js';
import { nextTurn } from './native/turn.js';
import { PRECISIONS, type Precision } from './passes/precisions.js';
import { compileOrFind } from './runtime/cache.js';
import type { CompileOptions, Source } from './runtime/compile.js';
import { compileInWorker, shareSource } from './runtime/compiler.js';
import { chooseIsa } from './runtime/isa.js';
import type { CostReport } from './runtime/cost.js';
import {
  type OpenOptions,
  Plan,
  type PlanCostOptions,
  type Settled,
  pinsWanted,
} from './runtime/plan.js';
import { type QuantizeOptions, quantizeSource } from './runtime/quantize.js';
import type { Quantized } from './quant/quantize.js';
import { Session } from './runtime/session.js';
import { type TensorLike, describe, plainTensors } from './runtime/tensor.js';
import { isPlan, isPlanFile, openPlanBytes, openPlanFile } from './plan/file.js';

export { HaioError, type ErrorCode } from './errors.js';
export { Tensor, type TensorLike } from './runtime/tensor.js';
export {
  Session,
  type RunOptions,
  type ProfileRunOptions,
  type Feeds,
  type Outputs,
} from './runtime/session.js';
export type { State, StateOptions } from './runtime/state.js';
export type { Feed, Output } from './runtime/values.js';
export type { Precision } from './passes/precisions.js';
export type { Signature } from './onnx/import.js';
export type { QuantizeOptions, Sample } from './runtime/quantize.js';
export type { Quantized, QuantizeReport, LayerReport } from './quant/quantize.js';
export type { Accuracy, AccuracyBounds } from './quant/accuracy.js';
export { Plan, type OpenOptions, type PlanCostOptions } from './runtime/plan.js';
export { hardwareProfile, type ProfileOptions } from './runtime/hardware.js';
export type { RunProfile, StepProfile, TimelineEntry } from './runtime/profile.js';
export type { CostReport, LayerCost } from './runtime/cost.js';
export type { HardwareProfile } from './hardware/profile.js';
export type { MemoryReport } from './runtime/memory.js';
export type { DType } from './tensor/dtype.js';

export interface LoadOptions {
  /** threads of one run; default: the cores this process may use */
  readonly threads?: number;
  /** ISA by name; default: HAIO_ISA, else the best usable one */
  readonly isa?: string;
  /** arithmetic of the model's float32 operators: 'fp32' (default) or 'bf16'; see docs/precision.md */
  readonly precision?: Precision;
  /** runs of this session at a time, each with an arena of its own; default 1 */
  readonly lanes?: number;
  /** sizes of symbolic dimensions, fixed in the compiled model */
  readonly sizes?: Readonly<Record<string, number>>;
  /**
   * outputs by the inputs that take them in the next run, kept by a State in between; a `*` stands for the
   * same text in both: { 'past_key_values.*': 'present.*' }
   */
  readonly state?: Readonly<Record<string, string>>;
  /** external data by file name; what is not given is looked for beside the model's file */
  readonly external?: Readonly<Record<string, Uint8Array>>;
  /** names of passes to leave out */
  readonly off?: readonly string[];
  /**
   * keeps what is compiled in a folder (true: the user's cache folder, or the one that HAIO_CACHE names), so
   * that the next load of the same model takes milliseconds; default false
   */
  readonly cache?: boolean | string;
  /** called with the name of each phase of compiling */
  readonly onProgress?: (phase: string) => void;
}

/** A model's file, or its bytes. */
export type ModelSource = string | Uint8Array | ArrayBufferLike | URL;

export interface CompilePlanOptions extends Omit<LoadOptions, 'threads' | 'lanes' | 'cache'> {
  /** contents of inputs that the graph depends on, fixed in the plan: runs must bring the same */
  readonly values?: Readonly<Record<string, TensorLike>>;
}

/** What is decided when a model is compiled. */
const FIXED_OPTIONS = ['sizes', 'state', 'off', 'external', 'precision'] as const;
const OPTIONS = [
  'threads',
  'isa',
  'precision',
  'lanes',
  'sizes',
  'state',
  'external',
  'off',
  'cache',
  'onProgress',
];

function integer(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && (!Number.isInteger(value) || value < least || value > 1024))
    raise('HAIO_E_ARGUMENT', {
      name,
      expected: `an integer from ${least} to 1024`,
      got: String(value),
    });
}

function checkIntegers({
  threads,
  lanes,
}: {
  readonly [K in 'threads' | 'lanes']?: number | undefined;
}): void {
  integer('threads', threads, 0);
  integer('lanes', lanes, 1);
}

function sourceOf(model: ModelSource, options: LoadOptions): Source {
  const external = options.external ? { external: options.external } : {};
  if (typeof model === 'string') return { path: model, ...external };
  if (model instanceof URL) return { path: fileURLToPath(model), ...external };
  const bytes =
    model instanceof Uint8Array
      ? model
      : model instanceof ArrayBuffer || model instanceof SharedArrayBuffer
        ? new Uint8Array(model)
        : raise('HAIO_E_ARGUMENT', {
            name: 'model',
            expected: 'a path, Uint8Array or ArrayBuffer',
            got: typeof model,
          });
  return { bytes, ...external };
}

function checkOptions(options: LoadOptions): void {
  for (const key of Object.keys(options))
    if (!OPTIONS.includes(key))
      raise('HAIO_E_NAME', { what: 'option', name: key, known: OPTIONS.join(', ') });
  checkIntegers(options);
  const { precision = 'fp32', cache = false } = options;
  if (typeof cache !== 'boolean' && (typeof cache !== 'string' || cache === ''))
    raise('HAIO_E_ARGUMENT', {
      name: 'cache',
      expected: 'true, false or the path of a folder',
      got: describe(cache),
    });
  if (!PRECISIONS.includes(precision))
    raise('HAIO_E_ARGUMENT', {
      name: 'precision',
      expected: PRECISIONS.map((p) => `'${p}'`).join(' or '),
      got: precision,
    });
}

/** The folder of the option `cache`, null where nothing is to be kept. */
const cacheOf = ({ cache = false }: LoadOptions): string | null =>
  typeof cache === 'string' ? cache : cache ? join(cacheFolder(), 'models') : null;

/** The options that a compile has, with their defaults. */
const compileOptionsOf = (
  { isa, precision = 'fp32', off = [], sizes = {}, state = {} }: LoadOptions,
  values: CompileOptions['values'] = {},
): CompileOptions => ({ isa: chooseIsa(isa), precision, off, sizes, shapes: {}, values, state });

const settle = ({ threads, isa, lanes }: OpenOptions): Settled => {
  checkIntegers({ threads, lanes });
  return {
    threads: threads || inspection().cores.usable,
    isa: chooseIsa(isa),
    lanes: lanes ?? 1,
  };
};

/** Whether the model is a compiled one: a plan file, or its bytes. */
const isCompiled = async (source: Source): Promise<boolean> =>
  'path' in source ? isPlanFile(source.path) : isPlan(source.bytes);

/**
 * Opens a compiled model that Plan.save wrote: a path (mapped: processes share its memory), or its
 * bytes. Checks its tables, not its weights (see Plan.verify).
 * @throws HaioError HAIO_E_FILE, HAIO_E_PLAN
 */
export async function openPlan(model: ModelSource): Promise<Plan> {
  const addon = loadAddon();
  const source = sourceOf(model, {});
  const id =
    'path' in source ? openPlanFile(addon, source.path) : await openPlanBytes(addon, source.bytes);
  return new Plan(addon, id, settle);
}

/**
 * Compiles an ONNX model, in a worker thread, to a plan: to be saved, or opened as sessions. A model
 * whose graph depends on sizes or on the contents of small inputs is compiled for those given in
 * `sizes` and `values`.
 *
 * @throws HaioError as load(); HAIO_E_ARGUMENT where the graph depends on what is not given
 */
export async function compile(
  model: ModelSource,
  { values = {}, ...options }: CompilePlanOptions = {},
): Promise<Plan> {
  checkOptions(options);
  const source = await shareSource(sourceOf(model, options));
  const result = await compileInWorker(
    source,
    compileOptionsOf(options, plainTensors('values', values)),
    options.onProgress,
  );
  if ('pins' in result) throw pinsWanted(result.pins);
  return new Plan(loadAddon(), result.model, settle);
}

export interface CostOptions
  extends Omit<CompilePlanOptions, 'sizes' | 'isa'>, Omit<PlanCostOptions, 'sizes'> {
  /** sizes of symbolic dimensions; those not given are taken as typical */
  readonly sizes?: Readonly<Record<string, number>>;
}

/**
 * Predicts what a run of a model costs on this machine, or on another that `hardware` describes, layer by
 * layer: nothing is run. The model is an .onnx, compiled for it, or a compiled one.
 *
 * @throws HaioError as compile(); HAIO_E_ISA where the machine has no such ISA
 */
export async function cost(
  model: ModelSource,
  { threads, isa, hardware, sizes = {}, ...options }: CostOptions = {},
): Promise<CostReport> {
  checkIntegers({ threads, lanes: undefined });
  const how: PlanCostOptions = {
    ...(threads ? { threads } : {}),
    ...(isa ? { isa } : {}),
    ...(hardware ? { hardware } : {}),
  };
  if (await isCompiled(sourceOf(model, {}))) {
    using plan = await openPlan(model);
    return await plan.cost({ ...how, sizes });
  }
  const own = isa !== undefined && hardware === undefined ? { isa } : {};
  using plan = await compile(model, { ...options, ...own, sizes });
  return await plan.cost(how);
}

/**
 * Quantizes an ONNX model, in a worker thread, to an ordinary .onnx with QuantizeLinear and
 * DequantizeLinear (or, without samples, DynamicQuantizeLinear and MatMulInteger) that any runtime reads.
 * Layers that cost too much `accuracy` stay in float; what is not faster on this machine is not done.
 *
 * @throws HaioError HAIO_E_FILE, HAIO_E_MODEL, HAIO_E_INPUT (of a sample), HAIO_E_ARGUMENT, HAIO_E_ABORTED
 */
export async function quantize(
  model: ModelSource,
  options: QuantizeOptions = {},
): Promise<Quantized> {
  const { threads, isa, external } = options;
  const source = sourceOf(model, external ? { external } : {});
  const machine = settle({ ...(threads ? { threads } : {}), ...(isa ? { isa } : {}) });
  return quantizeSource(source, options, machine);
}

/**
 * Opens a session of an ONNX model, compiled for this CPU in a worker thread, or of a compiled model
 * (a file that Plan.save or `haio compile -o` wrote), which loads without compiling.
 *
 * @param model path of the file (external data beside it), or its bytes
 * @throws HaioError HAIO_E_FILE, HAIO_E_MODEL, HAIO_E_UNSUPPORTED (all operators listed), HAIO_E_ISA …
 */
export async function load(model: ModelSource, options: LoadOptions = {}): Promise<Session> {
  checkOptions(options);
  const given = sourceOf(model, options);
  if (await isCompiled(given)) return openCompiled(model, options);
  const addon = loadAddon();
  // to load the addon, to ask it and to start a worker take milliseconds each
  await nextTurn();
  const compileOptions = compileOptionsOf(options);
  await nextTurn();
  const source = await shareSource(given);
  const cache = cacheOf(options);
  const first = await compileOrFind(addon, source, compileOptions, cache, options.onProgress);
  return new Session(
    {
      addon,
      compile: { source, options: compileOptions, cache },
      ...settle(options),
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    },
    first,
  );
}

async function openCompiled(model: ModelSource, options: LoadOptions): Promise<Session> {
  for (const name of FIXED_OPTIONS)
    if (Object.keys(options[name] ?? {}).length > 0)
      raise('HAIO_E_ARGUMENT', {
        name,
        expected: 'nothing, as the model is compiled already',
        got: 'a value',
      });
  using plan = await openPlan(model);
  return plan.open(options);
}
