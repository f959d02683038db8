/** ONNX → Graph: the importer with all of haio's operators. */
import type { Graph } from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import { ALL_OPS } from '../ops/registry.js';
import { Importer, type ImporterOptions } from './importer.js';
import { type Model, readModel } from './model.js';
import { tableOf } from './operators.js';
import { type Signature, signaturesOf } from './symbols.js';

export { type Declared, type Signature, checkSizes } from './symbols.js';
export { type Model, readModel } from './model.js';

export interface ImportOptions extends ImporterOptions {
  /** operators to import with (default: all) */
  readonly ops?: readonly OpDef[];
}

export interface Imported {
  readonly graph: Graph;
  /** version of ai.onnx; 0: the model uses none of its operators */
  readonly opset: number;
  readonly opsets: ReadonlyMap<string, number>;
  /** nodes imported, those of functions and of bodies included */
  readonly onnxNodes: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model as its bytes, or as read from them before. */
type ModelSource = Uint8Array | Model;
const modelOf = (source: ModelSource): Model =>
  source instanceof Uint8Array ? readModel(source) : source;

/** Inputs and outputs as the model declares them. */
export const signatureOf = (
  source: ModelSource,
): { readonly inputs: readonly Signature[]; readonly outputs: readonly Signature[] } =>
  signaturesOf(modelOf(source));

/**
 * The model as a graph. Weights are views of the bytes.
 * @throws HaioError for models that are malformed or need what haio lacks
 * @throws PinRequest where the graph depends on sizes or contents that only a run can give
 */
export function importModel(source: ModelSource, options: ImportOptions = {}): Imported {
  const model = modelOf(source);
  const importer = new Importer(model, tableOf(options.ops ?? ALL_OPS), options);
  const graph = importer.run();
  return {
    graph,
    opset: model.opsets.get('') ?? 0,
    opsets: model.opsets,
    onnxNodes: importer.count,
    metadata: model.metadata,
  };
}
