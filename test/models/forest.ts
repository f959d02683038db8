/** Random decision trees as the attributes of ai.onnx.ml, and models of one such node. */
import {
  type Attribute,
  encodeModel,
  graph,
  modelOf,
  node,
  valueInfo,
} from '../../lib/onnx/export.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type Tensor, fromNumbers, tensor } from '../../lib/tensor/tensor.js';
import { type Random, random } from './random.js';

type Attributes = Record<string, Attribute>;

const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'];

export interface ForestSpec {
  readonly seed: number;
  readonly trees: number;
  /** of the longest way; others end earlier with probability `stop` at each node */
  readonly depth: number;
  readonly stop?: number;
  readonly features: number;
  /** names of the comparisons, drawn for each node; default LEQ */
  readonly modes?: readonly string[];
  /** which targets a leaf has weights for; default: target 0 */
  readonly targets?: (r: Random, tree: number) => readonly number[];
  readonly weight?: (r: Random) => number;
  /** thresholds; default: normal */
  readonly threshold?: (r: Random) => number;
  /** nodes send NaN to the true side with probability 1/2 */
  readonly missing?: boolean;
}

export const ALL_MODES: readonly string[] = MODES;

/** nodes_* and `prefix`_* attributes. */
export function forestAttributes(spec: ForestSpec, prefix: 'target' | 'class'): Attributes {
  const r = random(spec.seed);
  const { modes = ['BRANCH_LEQ'], targets = () => [0], weight = (x: Random) => x.normal() } = spec;
  const { threshold = (x: Random) => x.normal(), stop = 0 } = spec;
  const nodes = { tree: [], id: [], feature: [], yes: [], no: [], missing: [] } as Record<
    string,
    number[]
  >;
  const values: number[] = [];
  const kinds: string[] = [];
  const leaves = { tree: [], id: [], target: [] } as Record<string, number[]>;
  const weights: number[] = [];
  for (let tree = 0; tree < spec.trees; tree++) {
    let count = 0;
    const grow = (depth: number): number => {
      const id = count++;
      const at = values.length;
      const leaf = depth === spec.depth || (depth > 0 && r.next() < stop);
      nodes['tree']!.push(tree);
      nodes['id']!.push(id);
      nodes['feature']!.push(leaf ? 0 : r.int(0, spec.features));
      nodes['missing']!.push(spec.missing ? r.int(0, 2) : 0);
      nodes['yes']!.push(0);
      nodes['no']!.push(0);
      values.push(leaf ? 0 : Math.fround(threshold(r)));
      kinds.push(leaf ? 'LEAF' : modes[r.int(0, modes.length)]!);
      if (leaf)
        for (const target of targets(r, tree)) {
          leaves['tree']!.push(tree);
          leaves['id']!.push(id);
          leaves['target']!.push(target);
          weights.push(Math.fround(weight(r)));
        }
      else {
        nodes['yes']![at] = grow(depth + 1);
        nodes['no']![at] = grow(depth + 1);
      }
      return id;
    };
    grow(0);
  }
  return {
    nodes_treeids: nodes['tree']!,
    nodes_nodeids: nodes['id']!,
    nodes_featureids: nodes['feature']!,
    nodes_modes: kinds,
    nodes_values: { floats: values },
    nodes_truenodeids: nodes['yes']!,
    nodes_falsenodeids: nodes['no']!,
    ...(spec.missing ? { nodes_missing_value_tracks_true: nodes['missing']! } : {}),
    [`${prefix}_treeids`]: leaves['tree']!,
    [`${prefix}_nodeids`]: leaves['id']!,
    [`${prefix}_ids`]: leaves['target']!,
    [`${prefix}_weights`]: { floats: weights },
  };
}

export interface MlOutput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape?: readonly (number | string | null)[] | undefined;
}

/** A model of one node of ai.onnx.ml with the input x [rows, features] (or as `shape` says). */
export function mlModel(
  type: string,
  attributes: Attributes,
  outputs: readonly MlOutput[],
  input: { readonly dtype?: DType; readonly shape?: readonly (number | string)[] } = {},
  version = 3,
): Uint8Array {
  const { dtype = 'float32', shape = ['rows', 'features'] } = input;
  const model = modelOf(
    graph(
      [
        node(
          type,
          ['x'],
          outputs.map((o) => o.name),
          attributes,
          'ai.onnx.ml',
        ),
      ],
      [valueInfo('x', dtype, shape)],
      outputs.map((o) => valueInfo(o.name, o.dtype, o.shape)),
    ),
    17,
  );
  const opset_import = [...(model.opset_import ?? []), { domain: 'ai.onnx.ml', version }];
  return encodeModel({ ...model, opset_import });
}

/** A TreeEnsembleRegressor. */
export const regressor = (spec: ForestSpec, more: Attributes = {}, targets = 1): Uint8Array =>
  mlModel(
    'TreeEnsembleRegressor',
    { ...forestAttributes(spec, 'target'), n_targets: targets, ...more },
    [{ name: 'y', dtype: 'float32', shape: ['rows', targets] }],
  );

/** A TreeEnsembleClassifier with `labels`. */
export function classifier(
  spec: ForestSpec,
  labels: readonly number[] | readonly string[],
  more: Attributes = {},
): Uint8Array {
  const strings = typeof labels[0] === 'string';
  const key = strings ? 'classlabels_strings' : 'classlabels_int64s';
  return mlModel(
    'TreeEnsembleClassifier',
    { ...forestAttributes(spec, 'class'), [key]: labels, ...more },
    [
      { name: 'label', dtype: strings ? 'string' : 'int64', shape: ['rows'] },
      { name: 'scores', dtype: 'float32', shape: ['rows', labels.length] },
    ],
  );
}

/** Rows of normal elements; with `holes` one in eight is NaN. */
export function rowsFor(seed: number, rows: number, features: number, holes = false): Tensor {
  const r = random(seed);
  const data = Float32Array.from({ length: rows * features }, () =>
    holes && r.next() < 0.125 ? NaN : Math.fround(r.normal()),
  );
  return tensor('float32', [rows, features], data);
}

/** Rows of small whole numbers, which meet thresholds of EQ. */
export const wholeRows = (seed: number, rows: number, features: number): Tensor => {
  const r = random(seed);
  return fromNumbers(
    'float32',
    [rows, features],
    Array.from({ length: rows * features }, () => r.int(-2, 3)),
  );
};
