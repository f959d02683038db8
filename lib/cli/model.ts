/** A model's file imported and compiled on this thread, with what happened on the way. */
import { raise } from '../errors.js';
import { type Graph, countNodes } from '../ir/graph.js';
import { PinRequest } from '../ir/op.js';
import type { LogEntry } from '../ir/rewrite.js';
import { loadAddon } from '../native/binding.js';
import { openModel } from '../onnx/files.js';
import {
  type Imported,
  type Signature,
  importModel,
  readModel,
  checkSizes,
  signatureOf,
} from '../onnx/import.js';
import { ALL_OPS } from '../ops/registry.js';
import { optimize } from '../passes/index.js';
import type { Precision } from '../passes/precisions.js';
import { type BuildMeta, buildModel } from '../plan/build.js';
import { openModel as openCompiled } from '../plan/decode.js';
import type { CompiledModel } from '../plan/plan.js';
import { aboutJson } from '../runtime/about.js';
import { chooseIsa } from '../runtime/isa.js';
import { tensorsFor } from './assign.js';
import type { Io } from './output.js';

export interface ModelOptions {
  readonly size?: Readonly<Record<string, number>>;
  readonly value?: Readonly<Record<string, readonly number[]>>;
  readonly off?: readonly string[];
  readonly stopAfter?: string;
  readonly isa?: string;
  readonly precision?: Precision;
}

/** How to give what a compile asked for. */
function pinHelp(request: PinRequest): never {
  const flags = [
    ...request.symbols.map((s) => `--size '${s.name}=…'`),
    ...[...request.inputs, ...request.shapes].map((name) => `--value '${name}=…'`),
  ];
  raise('HAIO_E_ARGUMENT', {
    name: 'model',
    expected: `the numbers that its graph depends on (${flags.join(' ')})`,
    got: 'none',
  });
}

function withPinHelp<T>(work: () => T): T {
  try {
    return work();
  } catch (e) {
    if (e instanceof PinRequest) return pinHelp(e);
    throw e;
  }
}

export interface ImportedFile extends Imported {
  /** size of the file */
  readonly bytes: number;
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
}

export function importFile(path: string, options: ModelOptions): ImportedFile {
  const { bytes, externalData } = openModel(path);
  const model = readModel(bytes);
  const { inputs, outputs } = signatureOf(model);
  checkSizes(inputs, options.size ?? {});
  const imported = withPinHelp(() =>
    importModel(model, {
      sizes: options.size ?? {},
      values: tensorsFor(inputs, options.value ?? {}),
      externalData,
    }),
  );
  return { ...imported, bytes: bytes.length, inputs, outputs };
}

/** What one pass of the pipeline did. */
export interface PassReport {
  readonly pass: string;
  readonly before: number;
  readonly after: number;
  /** how often each rule fired */
  readonly fired: Readonly<Record<string, number>>;
  /** rules that did not fire where they might have, and why */
  readonly refused: readonly { readonly rule: string; readonly at: string; readonly why: string }[];
}

export interface CompiledFile {
  readonly imported: ImportedFile;
  readonly graph: Graph;
  readonly passes: readonly PassReport[];
  readonly plan: CompiledModel;
  readonly meta: BuildMeta;
  readonly isa: string;
  /** milliseconds of each phase */
  readonly phases: { readonly import: number; readonly optimize: number; readonly plan: number };
  /** gives back the compiled model */
  release(): void;
}

export function optimizeReported(
  graph: Graph,
  { off = [], stopAfter, precision = 'fp32' }: ModelOptions,
): { readonly graph: Graph; readonly passes: readonly PassReport[] } {
  const passes: PassReport[] = [];
  let log: LogEntry[] = [];
  let before = countNodes(graph);
  const result = optimize(graph, {
    off,
    precision,
    ...(stopAfter === undefined ? {} : { stopAfter }),
    log: (entry) => log.push(entry),
    after(pass, now) {
      const after = countNodes(now);
      const fired: Record<string, number> = {};
      for (const { rule, reason } of log)
        if (reason === undefined) fired[rule] = (fired[rule] ?? 0) + 1;
      const refused = log.flatMap(({ rule, at, reason }) =>
        reason === undefined ? [] : [{ rule, at, why: reason }],
      );
      passes.push({ pass, before, after, fired, refused });
      [log, before] = [[], after];
    },
  });
  return { graph: result, passes };
}

export function compileFile(path: string, options: ModelOptions, io: Io): CompiledFile {
  const addon = loadAddon();
  const isa = chooseIsa(options.isa);
  const times = [performance.now()];
  const lap = <T>(what: string, work: () => T): T => {
    io.progress(what);
    const result = withPinHelp(work);
    times.push(performance.now());
    return result;
  };
  const imported = lap('import', () => importFile(path, options));
  const { graph, passes } = lap('optimize', () => optimizeReported(imported.graph, options));
  const { inputs, outputs, onnxNodes } = imported;
  const about = aboutJson(
    { inputs, outputs, state: {}, nodes: { imported: onnxNodes, optimized: countNodes(graph) } },
    {
      ...{ isa, precision: options.precision ?? 'fp32', off: options.off ?? [] },
      ...{ sizes: options.size ?? {}, shapes: {}, state: {} },
      values: tensorsFor(inputs, options.value ?? {}),
    },
  );
  const { model, meta } = lap('plan', () => buildModel(graph, { native: addon, isa, about }));
  io.progress(null);
  const phase = (i: number): number => times[i + 1]! - times[i]!;
  try {
    const ops = new Map(ALL_OPS.map((op) => [op.name, op]));
    return {
      imported,
      graph,
      passes,
      plan: openCompiled(addon, model, (name) => ops.get(name)),
      meta,
      isa,
      phases: { import: phase(0), optimize: phase(1), plan: phase(2) },
      release: () => addon.modelRelease(model),
    };
  } catch (e) {
    addon.modelRelease(model);
    throw e;
  }
}
