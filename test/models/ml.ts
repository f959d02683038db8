/** Models of ai.onnx.ml whose results are recorded: one for each operator and path. */
import type { Attribute } from '../../lib/onnx/export.js';
import { type Tensor, fromNumbers, tensor } from '../../lib/tensor/tensor.js';
import { ALL_MODES, type ForestSpec, classifier, mlModel, regressor, rowsFor } from './forest.js';
import { random } from './random.js';

interface MlModel {
  readonly bytes: Uint8Array;
  readonly inputs: { readonly x: Tensor };
}
type Make = () => MlModel;
type Attributes = Record<string, Attribute>;

const FEATURES = 4;
const rows = rowsFor(5, 6, FEATURES);
const holes = rowsFor(7, 9, FEATURES, true);
const small: ForestSpec = { seed: 3, trees: 12, depth: 5, stop: 0.15, features: FEATURES };
const positive: ForestSpec = { ...small, weight: (r) => r.next() / 20 };
const strings = (...list: string[]): Tensor => tensor('string', [list.length], list);
const int64s = (...list: number[]): Tensor => fromNumbers('int64', [list.length], list);

const trees = (bytes: () => Uint8Array, x = rows): Make => {
  return () => ({ bytes: bytes(), inputs: { x } });
};
/** One output y of the shape of x, or whatever the run gives. */
const one = (
  type: string,
  attributes: Attributes,
  y: Tensor['dtype'] = 'float32',
  x = rows,
  version = 3,
): Make => {
  const shape = x.shape.length === 1 ? ['n'] : ['rows', x.shape[1]!];
  const outputs = [{ name: 'y', dtype: y }];
  return trees(() => mlModel(type, attributes, outputs, { dtype: x.dtype, shape }, version), x);
};
const labelled = (type: string, attributes: Attributes, label: 'int64' | 'string'): Make => {
  const outputs = [
    { name: 'label', dtype: label } as const,
    { name: 'z', dtype: 'float32' } as const,
  ];
  return trees(() => mlModel(type, attributes, outputs));
};
const numbers = (seed: number, count: number, scale = 1): Attribute => {
  const r = random(seed);
  return { floats: Array.from({ length: count }, () => Math.fround(r.normal() * scale)) };
};
const negative = (seed: number, count: number): Attribute => {
  const r = random(seed);
  return { floats: Array.from({ length: count }, () => Math.fround(-0.5 - r.next())) };
};

const svm = (kernel: string, counts: readonly number[], more: Attributes): Attributes => {
  const [total, classes] = [counts.reduce((a, b) => a + b), counts.length];
  return {
    kernel_type: kernel,
    kernel_params: { floats: [0.25, 0.5, 3] },
    vectors_per_class: counts,
    support_vectors: numbers(1, total * FEATURES),
    coefficients: numbers(2, total * (classes - 1)),
    rho: numbers(3, (classes * (classes - 1)) / 2, 0.2),
    ...more,
  };
};
const all = (count: number) => () => Array.from({ length: count }, (_, i) => i);
const TRANSFORMS = ['SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];
const names = ['no', 'yes'];

/** Two classes with one score: of positive weights, of mixed ones, and with a base value. */
const twoClasses = Object.fromEntries(
  (['NONE', 'LOGISTIC'] as const).flatMap((post_transform): [string, Make][] => [
    [
      `ml_two_positive_${post_transform}`,
      trees(() => classifier(positive, names, { post_transform })),
    ],
    [`ml_two_mixed_${post_transform}`, trees(() => classifier(small, [0, 1], { post_transform }))],
    [
      `ml_two_based_${post_transform}`,
      trees(() =>
        classifier({ ...small, targets: () => [1] }, [0, 1], {
          post_transform,
          base_values: { floats: [0.25, 0.75] },
        }),
      ),
    ],
    [
      `ml_two_either_${post_transform}`,
      trees(() =>
        classifier({ ...small, targets: (r) => [r.int(0, 2)] }, [0, 1], { post_transform }),
      ),
    ],
  ]),
);
const transforms = Object.fromEntries(
  TRANSFORMS.map((post_transform) => [
    `ml_transform_${post_transform}`,
    trees(() =>
      regressor(
        { ...positive, targets: (_, t) => [t % 3] },
        { post_transform, aggregate_function: 'AVERAGE' },
        3,
      ),
    ),
  ]),
);
const aggregates = Object.fromEntries(
  ['SUM', 'AVERAGE', 'MIN', 'MAX'].map((aggregate_function) => [
    `ml_aggregate_${aggregate_function}`,
    trees(() =>
      regressor(
        { ...small, targets: (r) => [r.int(0, 2)] },
        { aggregate_function, base_values: { floats: [0.5, -1] } },
        2,
      ),
    ),
  ]),
);

export const ML_GALLERY: Readonly<Record<string, Make>> = {
  ml_regressor: trees(() => regressor({ ...small, trees: 150 })),
  ml_modes: trees(
    () => regressor({ ...small, modes: ALL_MODES, missing: true, threshold: (r) => r.int(-1, 2) }),
    holes,
  ),
  ...aggregates,
  ...transforms,
  ...twoClasses,
  ml_many: trees(() =>
    classifier({ ...small, targets: (_, t) => [t % 3] }, [4, 5, 6], { post_transform: 'SOFTMAX' }),
  ),
  ml_many_some: trees(() =>
    classifier({ ...small, targets: (r) => [r.int(0, 4)] }, ['a', 'b', 'c', 'd']),
  ),
  ml_many_forest: trees(() => classifier({ ...positive, targets: all(3) }, ['a', 'b', 'c'])),
  ml_binarizer: one('Binarizer', { threshold: { float: 0.25 } }),
  ml_scaler: one('Scaler', { offset: numbers(1, 4), scale: numbers(2, 4) }),
  ml_normalizer_max: one('Normalizer', { norm: 'MAX' }),
  ml_normalizer_l1: one('Normalizer', { norm: 'L1' }),
  ml_normalizer_l2: one('Normalizer', { norm: 'L2' }),
  ml_imputer: one(
    'Imputer',
    { imputed_value_floats: numbers(1, 4), replaced_value_float: { float: NaN } },
    'float32',
    holes,
  ),
  ml_vectorizer: one('FeatureVectorizer', { inputdimensions: [6] }),
  ml_one_hot: one('OneHotEncoder', { cats_int64s: [3, 1, 2] }, 'float32', int64s(2, 1, 9, 3)),
  ml_one_hot_strings: one(
    'OneHotEncoder',
    { cats_strings: ['p', 'q'] },
    'float32',
    strings('q', 'x', 'p'),
  ),
  ml_labels_1: one(
    'LabelEncoder',
    { classes_strings: ['p', 'q'], default_int64: 9 },
    'int64',
    strings('q', 'x', 'p'),
    1,
  ),
  ml_labels_2: one(
    'LabelEncoder',
    { keys_floats: { floats: [1, NaN, 2] }, values_strings: ['one', 'none', 'two'] },
    'string',
    tensor('float32', [4], Float32Array.of(NaN, 2, 3, 1)),
    4,
  ),
  ml_labels_4: one(
    'LabelEncoder',
    {
      keys_tensor: strings('a', 'b'),
      values_tensor: fromNumbers('int16', [2], [4, 5]),
      default_tensor: fromNumbers('int16', [1], [42]),
    },
    'int16',
    strings('b', 'a', 'z'),
    4,
  ),
  ml_categories: one(
    'CategoryMapper',
    { cats_int64s: [4, 5], cats_strings: ['p', 'q'], default_string: 'none' },
    'string',
    int64s(5, 4, 1),
    1,
  ),
  ml_linear_regressor: one('LinearRegressor', {
    coefficients: numbers(1, 8, 0.1),
    intercepts: numbers(2, 2, 0.1),
    targets: 2,
    post_transform: 'LOGISTIC',
  }),
  ml_linear_two: labelled(
    'LinearClassifier',
    {
      coefficients: numbers(1, 4),
      intercepts: numbers(2, 1),
      classlabels_strings: names,
      post_transform: 'LOGISTIC',
    },
    'string',
  ),
  ml_linear_many: labelled(
    'LinearClassifier',
    {
      coefficients: numbers(1, 12),
      intercepts: numbers(2, 3),
      classlabels_ints: [3, 4, 5],
      post_transform: 'SOFTMAX',
    },
    'int64',
  ),
  ml_svm_rbf: labelled(
    'SVMClassifier',
    svm('RBF', [2, 3, 2], { classlabels_ints: [0, 1, 2] }),
    'int64',
  ),
  ml_svm_poly: labelled(
    'SVMClassifier',
    svm('POLY', [2, 3], { classlabels_ints: [0, 1] }),
    'int64',
  ),
  ml_svm_sigmoid: labelled(
    'SVMClassifier',
    svm('SIGMOID', [2, 3], { classlabels_strings: names, post_transform: 'LOGISTIC' }),
    'string',
  ),
  ml_svm_probabilities: labelled(
    'SVMClassifier',
    svm('LINEAR', [2, 3, 2], {
      classlabels_strings: ['a', 'b', 'c'],
      prob_a: negative(4, 3),
      prob_b: numbers(5, 3, 0.1),
    }),
    'string',
  ),
  ml_svm_regressor: one('SVMRegressor', {
    kernel_type: 'RBF',
    kernel_params: { floats: [0.25, 0, 0] },
    n_supports: 5,
    support_vectors: numbers(1, 20),
    coefficients: numbers(2, 5),
    rho: numbers(3, 1),
  }),
  ml_svm_one_class: one('SVMRegressor', {
    kernel_params: { floats: [0, 0, 0] },
    coefficients: numbers(2, 4),
    rho: numbers(3, 1),
    one_class: 1,
  }),
};
