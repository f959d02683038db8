/** Trees over rows and targets that reach every path of the kernel, in narrow and wide nodes. */
import { type Ensemble, type Weight, forestOf } from '../../lib/ops/forest.js';
import { JOINS, Trees, type TreesAttrs } from '../../lib/ops/trees.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { random } from '../models/random.js';
import { type OpCase, constantInput, opCase } from '../op-suite.js';

const FEATURES = 5;

/** Complete trees with all comparisons; leaves have weights for none, one or two of `targets`. */
function ensemble(trees: number, depth: number, targets: number): Ensemble {
  const r = random(trees * 31 + depth);
  const inner = 2 ** depth - 1;
  const each = <T>(make: (i: number) => T): T[] =>
    Array.from({ length: trees * inner }, (_, i) => make(i));
  const child = (i: number, side: number): number => {
    const [tree, node] = [Math.floor(i / inner), i % inner];
    const next = 2 * node + 1 + side;
    return next < inner ? tree * inner + next : ~(tree * (inner + 1) + next - inner);
  };
  const weights = (): Weight[] =>
    Array.from({ length: r.int(0, 3) }, (): Weight => [r.int(0, targets), r.normal()]);
  return {
    roots: Array.from({ length: trees }, (_, t) => (inner === 0 ? ~t : t * inner)),
    comparison: each((i) => (['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ'] as const)[i % 6]!),
    feature: each(() => r.int(0, FEATURES)),
    threshold: each(() => r.int(-2, 3)),
    missing: each(() => r.int(0, 2) === 1),
    whenTrue: each((i) => child(i, 0)),
    whenFalse: each((i) => child(i, 1)),
    leaves: Array.from({ length: trees * (inner + 1) }, weights),
  };
}

function treesCase(
  dtype: 'float32' | 'float64',
  [rows, trees, depth, targets, chunk]: readonly number[],
  join: TreesAttrs['join'],
): OpCase {
  const { tables, window } = forestOf(ensemble(trees!, depth!, targets!), dtype);
  const values = [-2, -1, NaN, 0, 1, 2, -0, 0.5, Infinity, -Infinity];
  const x = { shape: [rows!, FEATURES], dtype: dtype satisfies DType, values };
  return opCase({
    op: Trees,
    attrs: { join, targets: targets!, chunk: chunk!, window },
    inputs: [x, ...tables.map(constantInput)],
    name: `${join} ${dtype} rows ${rows!} trees ${trees!} depth ${depth!} targets ${targets!}`,
  });
}

/** Rows, trees, depth, targets, trees of a chunk. */
const SIZES = [
  [1, 1, 0, 1, 8],
  [1, 3, 2, 1, 8],
  [8, 9, 4, 2, 9],
  [13, 20, 5, 3, 7],
  [70, 17, 3, 1, 8],
] as const;

export const cases: readonly OpCase[] = SIZES.flatMap((sizes) =>
  (['float32', 'float64'] as const).flatMap((dtype) =>
    JOINS.map((join) => treesCase(dtype, sizes, join)),
  ),
);
