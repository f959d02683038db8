/** The public API of haio. */
import { raise } from './errors.js';
import { loadAddon } from './native/binding.js';
import type { CompileOptions, Source } from './runtime/compile.js';
import { compileInWorker, shareSource } from './runtime/compiler.js';
import { chooseIsa } from './runtime/isa.js';
import { Session } from './runtime/session.js';

export { HaioError, type ErrorCode } from './errors.js';
export { Tensor, type TensorLike } from './runtime/tensor.js';
export {
  Session,
  type RunOptions,
  type ProfileRunOptions,
  type Feeds,
  type Outputs,
} from './runtime/session.js';
export type { Feed, Output } from './runtime/values.js';
export type { Signature } from './onnx/import.js';
export { hardwareProfile, type ProfileOptions } from './runtime/hardware.js';
export type { RunProfile, StepProfile, TimelineEntry } from './runtime/profile.js';
export type { HardwareProfile } from './hardware/profile.js';
export type { MemoryReport } from './runtime/memory.js';
export type { DType } from './tensor/dtype.js';

export interface LoadOptions {
  /** threads of one run; default: the cores this process may use */
  readonly threads?: number;
  /** ISA by name; default: HAIO_ISA, else the best usable one */
  readonly isa?: string;
  /** arithmetic of the model's float32 operators */
  readonly precision?: 'fp32';
  /** runs of this session at a time, each with an arena of its own; default 1 */
  readonly lanes?: number;
  /** sizes of symbolic dimensions, fixed in the compiled model */
  readonly sizes?: Readonly<Record<string, number>>;
  /** external data by file name; what is not given is looked for beside the model's file */
  readonly external?: Readonly<Record<string, Uint8Array>>;
  /** names of passes to leave out */
  readonly off?: readonly string[];
  /** called with the name of each phase of compiling */
  readonly onProgress?: (phase: string) => void;
}

const OPTIONS = ['threads', 'isa', 'precision', 'lanes', 'sizes', 'external', 'off', 'onProgress'];

function integer(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && (!Number.isInteger(value) || value < least || value > 1024))
    raise('HAIO_E_ARGUMENT', {
      name,
      expected: `an integer from ${least} to 1024`,
      got: String(value),
    });
}

function sourceOf(
  model: string | Uint8Array | ArrayBufferLike | URL,
  options: LoadOptions,
): Source {
  const external = options.external ? { external: options.external } : {};
  if (typeof model === 'string') return { path: model, ...external };
  if (model instanceof URL) return { path: decodeURIComponent(model.pathname), ...external };
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

/**
 * Compiles an ONNX model for this CPU, in a worker thread, and opens a session.
 *
 * @param model path of the .onnx file (external data beside it), or its bytes
 * @throws HaioError HAIO_E_FILE, HAIO_E_MODEL, HAIO_E_UNSUPPORTED (all operators listed), HAIO_E_ISA …
 */
export async function load(
  model: string | Uint8Array | ArrayBufferLike | URL,
  options: LoadOptions = {},
): Promise<Session> {
  for (const key of Object.keys(options))
    if (!OPTIONS.includes(key))
      raise('HAIO_E_NAME', { what: 'option', name: key, known: OPTIONS.join(', ') });
  integer('threads', options.threads, 0);
  integer('lanes', options.lanes, 1);
  if (options.precision !== undefined && (options.precision as string) !== 'fp32')
    raise('HAIO_E_ARGUMENT', {
      name: 'precision',
      expected: "'fp32'",
      got: options.precision,
    });
  const addon = loadAddon();
  const isa = chooseIsa(options.isa);
  const source = await shareSource(sourceOf(model, options));
  const compile: CompileOptions = {
    isa,
    off: options.off ?? [],
    sizes: options.sizes ?? {},
    shapes: {},
    values: {},
  };
  const first = await compileInWorker(source, compile, options.onProgress);
  return new Session(
    {
      addon,
      source,
      compile,
      isa,
      threads: options.threads || addon.inspect().cores.usable,
      lanes: options.lanes ?? 1,
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    },
    first,
  );
}
