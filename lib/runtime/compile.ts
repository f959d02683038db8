/** Model bytes → compiled model in the addon's registry. Runs in the compile worker. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { raise } from '../errors.js';
import { countNodes } from '../ir/graph.js';
import { PinRequest } from '../ir/op.js';
import type { Addon } from '../native/types.js';
import { openModel } from '../onnx/files.js';
import {
  type ImportOptions,
  type Signature,
  importModel,
  readModel,
  checkSizes,
  signatureOf,
} from '../onnx/import.js';
import type { ExternalData } from '../onnx/tensor.js';
import { checkNames, optimize } from '../passes/index.js';
import type { Precision } from '../passes/precisions.js';
import type { StateNames } from '../plan/appended.js';
import { buildModel } from '../plan/build.js';
import { aboutJson } from './about.js';
import type { Tensor } from '../tensor/tensor.js';
import { statePairs } from './pairs.js';

/** Where a model comes from: a file or bytes. External data not given is beside the file. */
export type Source = ({ readonly path: string } | { readonly bytes: Uint8Array }) & {
  readonly external?: Readonly<Record<string, Uint8Array>>;
};

/** Numbers that are fixed in a compiled model. */
export interface Numbers {
  /** of symbols */
  readonly sizes: Readonly<Record<string, number>>;
  /** of inputs whose rank the model leaves open */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** contents of inputs */
  readonly values: Readonly<Record<string, Tensor>>;
}

export interface CompileOptions extends Numbers {
  readonly isa: string;
  readonly precision: Precision;
  /** names of passes to leave out */
  readonly off: readonly string[];
  /** the option `state` of load() */
  readonly state: StateNames;
  /** what the first run brings: taken where the graph depends on it, so that nobody has to ask twice */
  readonly offered?: Numbers;
}

/** Names of what a graph depends on. */
export interface Pins {
  readonly symbols: readonly string[];
  readonly inputs: readonly string[];
  /** inputs of unknown rank */
  readonly shapes: readonly string[];
}

export interface Compiled {
  /** id in the addon's registry, owned by whoever receives this */
  readonly model: number;
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  /** pairs by full names */
  readonly state: StateNames;
  readonly nodes: { readonly imported: number; readonly optimized: number };
  /** what of the offered numbers it was compiled for */
  readonly taken: Pins;
}

/** A compile that needs numbers first: sizes of symbols, contents of inputs. */
export interface Deferred {
  /** all that are known to be needed, those taken from what was offered among them */
  readonly pins: Pins;
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  readonly state: StateNames;
}

export type Progress = (phase: 'import' | 'optimize' | 'plan') => void;

/** Bytes of the model, and the reader of its external data; what is read is added to `files`. */
function open(
  native: Addon,
  source: Source,
  files: string[],
): { readonly bytes: Uint8Array; readonly externalData: ExternalData } {
  const { external = {} } = source;
  // the portable way gives the operating system's own words when the mapping fails
  const file =
    'path' in source
      ? openModel(source.path, (path) => {
          files.push(resolve(path));
          try {
            return native.mapFile(path);
          } catch {
            return readFileSync(path);
          }
        })
      : null;
  const given = (location: string): Uint8Array | undefined =>
    Object.hasOwn(external, location) ? external[location] : undefined;
  return {
    bytes: file?.bytes ?? (source as { readonly bytes: Uint8Array }).bytes,
    externalData: (location) =>
      given(location) ??
      file?.externalData(location) ??
      raise('HAIO_E_FILE', { path: location, reason: 'not among the external data given' }),
  };
}

/**
 * Returns Deferred when pins are needed. Paths of the files that it reads are added to `files`.
 * @throws HaioError for models that cannot be compiled
 */
export function compileModel(
  native: Addon,
  source: Source,
  options: CompileOptions,
  progress: Progress,
  files: string[] = [],
): Compiled | Deferred {
  const { bytes, externalData } = open(native, source, files);
  progress('import');
  const model = readModel(bytes);
  const { inputs, outputs } = signatureOf(model);
  checkSizes(inputs, options.sizes);
  checkNames(options.off);
  const state = statePairs(options.state, inputs, outputs);
  const signature = { inputs, outputs, state };
  let numbers: Numbers = options;
  let taken: Pins = { symbols: [], inputs: [], shapes: [] };
  for (;;) {
    try {
      const settings: ImportOptions = { ...pick(numbers), externalData };
      const imported = importModel(model, settings);
      progress('optimize');
      const graph = optimize(imported.graph, { off: options.off, precision: options.precision });
      progress('plan');
      const nodes = { imported: imported.onnxNodes, optimized: countNodes(graph) };
      const about = aboutJson({ ...signature, nodes }, { ...options, ...pick(numbers) });
      const built = buildModel(graph, { native, isa: options.isa, state, about });
      return { model: built.model, ...signature, nodes, taken };
    } catch (e) {
      if (!(e instanceof PinRequest)) throw e;
      const asked = {
        symbols: e.symbols.map((s) => s.name),
        inputs: [...e.inputs],
        shapes: [...e.shapes],
      };
      const more = answer(asked, numbers, options.offered);
      taken = {
        symbols: [...taken.symbols, ...asked.symbols],
        inputs: [...taken.inputs, ...asked.inputs],
        shapes: [...taken.shapes, ...asked.shapes],
      };
      if (!more) return { pins: taken, ...signature };
      numbers = more;
    }
  }
}

const pick = ({ sizes, shapes, values }: Numbers): Numbers => ({ sizes, shapes, values });

/** The numbers with those that are asked for, where all of them are offered and new; else null. */
function answer(
  { symbols, inputs, shapes }: Pins,
  known: Numbers,
  offered: Numbers | undefined,
): Numbers | null {
  if (!offered) return null;
  const choose = <T>(
    names: readonly string[],
    from: Readonly<Record<string, T>>,
    before: Readonly<Record<string, T>>,
  ): Record<string, T> | null => {
    const out = { ...before };
    for (const name of names) {
      if (!Object.hasOwn(from, name) || Object.hasOwn(before, name)) return null;
      out[name] = from[name]!;
    }
    return out;
  };
  const next = {
    sizes: choose(symbols, offered.sizes, known.sizes),
    shapes: choose(shapes, offered.shapes, known.shapes),
    values: choose(inputs, offered.values, known.values),
  };
  const { sizes, shapes: made, values } = next;
  return sizes && made && values ? { sizes, shapes: made, values } : null;
}
