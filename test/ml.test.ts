/**
 * ai.onnx.ml beyond what is recorded (test/models/ml.ts): the specification's examples, ensembles that are
 * no trees, edges of comparisons, maps, and results that no number of threads changes.
 */
import assert from 'node:assert/strict';
import { HaioError, Tensor, load } from '../lib/index.js';
import { type Attribute, encodeModel, graph, modelOf, node } from '../lib/onnx/export.js';
import { valueInfo } from '../lib/onnx/export.js';
import type { Plain, TypeProto } from '../lib/onnx/messages.js';
import { DTYPES, type DType } from '../lib/tensor/dtype.js';
import { type Tensor as Constant, fromNumbers, tensor } from '../lib/tensor/tensor.js';
import { forestAttributes, mlModel, regressor, rowsFor } from './models/forest.js';

type Attributes = Record<string, Attribute>;
const floats = (...list: number[]): Attribute => ({ floats: list });
const column = (...list: number[]): Tensor =>
  new Tensor('float32', Float32Array.from(list), [list.length, 1]);

async function run(bytes: Uint8Array, x: Tensor): Promise<readonly unknown[]> {
  const session = await load(bytes);
  const y = (await session.run({ x }))['y'];
  await session.release();
  return [...(y as Tensor).data];
}

/** One tree of one comparison: what the rows get, 1 where it holds. */
const compared = (
  mode: string,
  threshold: number,
  x: Tensor,
  missing = 0,
): Promise<readonly unknown[]> =>
  run(
    mlModel(
      'TreeEnsembleRegressor',
      {
        nodes_treeids: [0, 0, 0],
        nodes_nodeids: [0, 1, 2],
        nodes_featureids: [0, 0, 0],
        nodes_modes: [mode, 'LEAF', 'LEAF'],
        nodes_values: floats(threshold, 0, 0),
        nodes_truenodeids: [1, 0, 0],
        nodes_falsenodeids: [2, 0, 0],
        nodes_missing_value_tracks_true: [missing, 0, 0],
        target_treeids: [0, 0],
        target_nodeids: [1, 2],
        target_ids: [0, 0],
        target_weights: floats(1, 0),
      },
      [{ name: 'y', dtype: 'float32', shape: ['rows', 1] }],
    ),
    x,
  );

const HOLDS: Record<string, (x: number, t: number) => boolean> = {
  BRANCH_LEQ: (x, t) => x <= t,
  BRANCH_LT: (x, t) => x < t,
  BRANCH_GTE: (x, t) => x >= t,
  BRANCH_GT: (x, t) => x > t,
  BRANCH_EQ: (x, t) => x === t,
  BRANCH_NEQ: (x, t) => x !== t,
};

const v5 = (attributes: Attributes, dtype: DType): Uint8Array =>
  mlModel('TreeEnsemble', attributes, [{ name: 'y', dtype }], { dtype }, 5);

describe('trees', () => {
  for (const [mode, holds] of Object.entries(HOLDS))
    it(`compare at the edges of numbers: ${mode}`, async () => {
      const values = [-Infinity, -3.5, -1e-30, -0, 0, 1e-30, 1, 1.0000001, Infinity, NaN];
      for (const t of values)
        for (const missing of [0, 1]) {
          const expected = values.map((x) =>
            Number(holds(Math.fround(x), Math.fround(t)) || (missing === 1 && Number.isNaN(x))),
          );
          const got = await compared(mode, t, column(...values), missing);
          assert.deepEqual(got, expected, `threshold ${t}, missing ${missing}`);
        }
    });

  // onnx/backend/test/case/node/ai_onnx_ml/tree_ensemble.py
  it('TreeEnsemble: a single tree', async () => {
    const double = (...list: number[]): Constant => fromNumbers('float64', [list.length], list);
    const bytes = v5(
      {
        n_targets: 2,
        aggregate_function: 1,
        post_transform: 0,
        tree_roots: [0],
        nodes_modes: fromNumbers('uint8', [3], [0, 0, 0]),
        nodes_featureids: [0, 0, 0],
        nodes_splits: double(3.14, 1.2, 4.2),
        nodes_truenodeids: [1, 0, 1],
        nodes_trueleafs: [0, 1, 1],
        nodes_falsenodeids: [2, 2, 3],
        nodes_falseleafs: [0, 1, 1],
        leaf_targetids: [0, 1, 0, 1],
        leaf_weights: double(5.23, 12.12, -12.23, 7.21),
      },
      'float64',
    );
    const x = new Tensor('float64', Float64Array.of(1.2, 3.4, -0.12, 1.66, 4.14, 1.77), [3, 2]);
    assert.deepEqual(await run(bytes, x), [5.23, 0, 5.23, 0, 0, 12.12]);
  });
  it('TreeEnsemble: membership in sets', async () => {
    const single = (...list: number[]): Constant => fromNumbers('float32', [list.length], list);
    const bytes = v5(
      {
        n_targets: 4,
        aggregate_function: 1,
        membership_values: single(1.2, 3.7, 8, 9, NaN, 12, 7, NaN),
        post_transform: 0,
        tree_roots: [0],
        nodes_modes: fromNumbers('uint8', [3], [0, 6, 6]),
        nodes_featureids: [0, 0, 0],
        nodes_splits: single(11, 232344, NaN),
        nodes_trueleafs: [0, 1, 1],
        nodes_truenodeids: [1, 0, 1],
        nodes_falseleafs: [1, 0, 1],
        nodes_falsenodeids: [2, 2, 3],
        leaf_targetids: [0, 1, 2, 3],
        leaf_weights: single(1, 10, 1000, 100),
      },
      'float32',
    );
    const expected = [
      [1, 0, 0, 0],
      [0, 0, 0, 100],
      [0, 0, 0, 100],
      [0, 0, 1000, 0],
      [0, 0, 1000, 0],
      [0, 10, 0, 0],
    ];
    assert.deepEqual(await run(bytes, column(1.2, 3.4, -0.12, NaN, 12, 7)), expected.flat());
  });

  it('compare float32 with thresholds between its numbers', async () => {
    const doubles = (...list: number[]): Constant => fromNumbers('float64', [list.length], list);
    const attributes = {
      nodes_treeids: [0, 0, 0],
      nodes_nodeids: [0, 1, 2],
      nodes_featureids: [0, 0, 0],
      nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
      nodes_values_as_tensor: doubles(0.1, 0, 0),
      nodes_truenodeids: [1, 0, 0],
      nodes_falsenodeids: [2, 0, 0],
      target_treeids: [0],
      target_nodeids: [1],
      target_ids: [0],
      target_weights_as_tensor: doubles(0.25),
    };
    const outputs = [{ name: 'y', dtype: 'float32' } as const];
    const bytes = mlModel('TreeEnsembleRegressor', attributes, outputs);
    // the float32 nearest to 0.1 is above it
    assert.deepEqual(await run(bytes, column(0.1, 0.09999999)), [0, 0.25]);
  });

  it('give the same bits with any number of threads and rows', async () => {
    const bytes = regressor({ seed: 1, trees: 300, depth: 6, features: 9 });
    const { dtype, shape, data } = rowsFor(2, 203, 9);
    const results = await Promise.all(
      [1, 2, 3].map(async (threads) => {
        const session = await load(bytes, { threads });
        const whole = await session.run({ x: new Tensor(dtype, data, shape) });
        const row = (data as Float32Array).slice(9 * 150, 9 * 151);
        const alone = await session.run({ x: new Tensor(dtype, row, [1, 9]) });
        await session.release();
        const y = whole['y']!.data as Float32Array;
        assert.equal((alone['y']!.data as Float32Array)[0], y[150]);
        return [...y];
      }),
    );
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
  });

  it('may be larger than narrow nodes can say', async () => {
    const spec = { seed: 5, trees: 1, depth: 16, features: 3 };
    const { x, y } = await bothWays(spec);
    assert.ok(x.every((v, i) => Math.abs(v - y[i]!) < 1e-6));
  });

  const base = forestAttributes({ seed: 1, trees: 2, depth: 2, features: 3 }, 'target');
  const refused: Record<string, Attributes> = {
    'a circle': { nodes_truenodeids: [0, 2, 0, 0, 5, 0, 0, 1, 2, 0, 0, 5, 0, 0] },
    'a node of two parents': { nodes_truenodeids: [4, 2, 0, 0, 5, 0, 0, 1, 2, 0, 0, 5, 0, 0] },
    'a child that is not there': { nodes_truenodeids: [99, 2, 0, 0, 5, 0, 0, 1, 2, 0, 0, 5, 0, 0] },
    'a negative feature': { nodes_featureids: new Array<number>(14).fill(-1) },
    'an unknown comparison': { nodes_modes: new Array<string>(14).fill('BRANCH_NEAR') },
    'lists of different lengths': { nodes_falsenodeids: [0] },
    'a target that is not there': { target_ids: new Array<number>(8).fill(7) },
    'two nodes of one number': { nodes_nodeids: new Array<number>(14).fill(0) },
    'weights of no node': { target_nodeids: new Array<number>(8).fill(77) },
  };
  for (const [what, change] of Object.entries(refused))
    it(`refuse ${what}`, async () => {
      const outputs = [{ name: 'y', dtype: 'float32' } as const];
      const bytes = mlModel('TreeEnsembleRegressor', { ...base, ...change }, outputs);
      await assert.rejects(
        load(bytes),
        (e) => e instanceof HaioError && e.code === 'HAIO_E_ATTRIBUTE',
      );
    });

  it('read 0 where a row is shorter than the model says', async () => {
    const bytes = regressor({ seed: 3, trees: 4, depth: 3, features: 5 });
    const short = await run(bytes, new Tensor('float32', Float32Array.of(0.5), [1, 1]));
    const long = await run(bytes, new Tensor('float32', Float32Array.of(0.5, 0, 0, 0, 0), [1, 5]));
    assert.deepEqual(short, long);
  });
});

/** One tree, whose nodes are wide, and its leaves by walking its attributes. */
async function bothWays(spec: {
  seed: number;
  trees: number;
  depth: number;
  features: number;
}): Promise<{ x: number[]; y: number[] }> {
  const a = forestAttributes(spec, 'target') as Record<string, number[]>;
  const values = (a['nodes_values'] as unknown as { floats: number[] }).floats;
  const weights = (a['target_weights'] as unknown as { floats: number[] }).floats;
  const modes = a['nodes_modes'] as unknown as string[];
  const rows = rowsFor(1, 50, spec.features);
  const data = rows.data as Float32Array;
  const y = Array.from({ length: 50 }, (_, r) => {
    let at = 0;
    while (modes[at] !== 'LEAF') {
      const v = data[r * spec.features + a['nodes_featureids']![at]!]!;
      at = (v <= values[at]! ? a['nodes_truenodeids'] : a['nodes_falsenodeids'])![at]!;
    }
    return weights[a['target_nodeids']!.indexOf(at)]!;
  });
  const x = await run(regressor(spec), new Tensor('float32', data, rows.shape));
  return { x: x as number[], y };
}

const mapType = (key: DType, value: DType): Plain<TypeProto> => ({
  map_type: {
    key_type: DTYPES[key].onnx,
    value_type: { tensor_type: { elem_type: DTYPES[value].onnx } },
  },
});
const mapModel = (
  type: string,
  attributes: Attributes,
  x: Plain<TypeProto>,
  y: Plain<TypeProto>,
): Uint8Array => {
  const content = graph(
    [node(type, ['x'], ['y'], attributes, 'ai.onnx.ml')],
    [{ name: 'x', type: x }],
    [{ name: 'y', type: y }],
  );
  const model = modelOf(content, 17);
  const ml = { domain: 'ai.onnx.ml', version: 1 };
  return encodeModel({ ...model, opset_import: [...(model.opset_import ?? []), ml] });
};
const typeOf = (dtype: DType, shape: readonly (number | string | null)[]): Plain<TypeProto> =>
  valueInfo('', dtype, shape).type!;

describe('maps', () => {
  it('ZipMap gives a list of maps', async () => {
    const bytes = mapModel('ZipMap', { classlabels_int64s: [7, -1] }, typeOf('float32', ['n', 2]), {
      sequence_type: { elem_type: mapType('int64', 'float32') },
    });
    const session = await load(bytes);
    const { y } = await session.run({
      x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]),
    });
    const maps = [
      [7n, 1],
      [-1n, 2],
    ] as const;
    assert.deepEqual(y, [new Map(maps), new Map([[7n, 3], [-1n, 4]])]); // prettier-ignore
    await session.release();
  });
  it('DictVectorizer looks words up', async () => {
    const bytes = mapModel(
      'DictVectorizer',
      { string_vocabulary: ['a', 'c', 'b', 'z'] },
      mapType('string', 'int64'),
      typeOf('int64', [1, 4]),
    );
    const session = await load(bytes);
    const x = new Map([['a', 4n], ['c', 8n]]); // prettier-ignore
    const { y } = await session.run({ x });
    assert.deepEqual([...(y as Tensor).data], [4n, 8n, 0n, 0n]);
    await assert.rejects(session.run({ x: new Map([[1n, 4n]]) }), /input 'x' must be/);
    await session.release();
  });
  it('CastMap packs by key', async () => {
    const bytes = (attributes: Attributes): Uint8Array =>
      mapModel('CastMap', attributes, mapType('int64', 'float32'), typeOf('int64', [1, null]));
    const x = new Map([[3n, 2.7], [1n, -5]]); // prettier-ignore
    for (const [attributes, expected] of [
      [{ cast_to: 'TO_INT64' }, [-5n, 2n]],
      [{ cast_to: 'TO_INT64', map_form: 'SPARSE', max_map: 5 }, [0n, -5n, 0n, 2n, 0n]],
    ] as const) {
      const session = await load(bytes(attributes));
      const { y } = await session.run({ x });
      assert.deepEqual([...(y as Tensor).data], expected);
      await session.release();
    }
  });
});

describe('labels', () => {
  it('keep all 64 bits', async () => {
    const big = 2n ** 60n + 1n;
    const outputs = [{ name: 'y', dtype: 'int64' } as const];
    const attributes = { keys_strings: ['a'], values_int64s: [big], default_int64: 0 };
    const input = { dtype: 'string', shape: ['n'] } as const;
    const bytes = mlModel('LabelEncoder', attributes, outputs, input, 2);
    assert.deepEqual(await run(bytes, new Tensor('string', ['a', 'b'], [2])), [big, 0n]);
  });
  it('OneHotEncoder may insist on known categories', async () => {
    const attributes = { cats_int64s: [1, 2], zeros: 0 };
    const outputs = [{ name: 'y', dtype: 'float32' } as const];
    const bytes = mlModel('OneHotEncoder', attributes, outputs, { dtype: 'int64', shape: ['n'] });
    const x = tensor('int64', [1], BigInt64Array.of(3n));
    await assert.rejects(run(bytes, new Tensor(x.dtype, x.data, x.shape)), /no category 3/);
  });
});
