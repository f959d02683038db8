/** Ensembles as the attributes of the ONNX tree operators describe them; they are checked here. */
import { raise } from '../errors.js';
import type { OnnxNode } from '../ir/op.js';
import { toNumbers } from '../tensor/tensor.js';
import type { Child, Comparison, Ensemble, Weight } from './forest.js';

/** Raises HAIO_E_ATTRIBUTE for the attribute of the node. */
export const badAttribute = (n: OnnxNode, attribute: string, expected: string, got: string) =>
  raise('HAIO_E_ATTRIBUTE', { node: n.name, op: n.type, attribute, expected, got });

/** Numbers of a list of floats or of the tensor that may stand for it; an empty list where neither is. */
export const numbersOfEither = (n: OnnxNode, name: string): ArrayLike<number> =>
  n.has(`${name}_as_tensor`) ? toNumbers(n.tensor(`${name}_as_tensor`)) : n.floats(name, []);

function checkLength(n: OnnxNode, name: string, length: number, expected: number): void {
  if (length !== expected) badAttribute(n, name, `${expected} elements`, `${length}`);
}

/** One of the names; HAIO_E_ATTRIBUTE otherwise. */
export function oneOf<T extends string>(
  n: OnnxNode,
  attribute: string,
  names: readonly T[],
  fallback: T,
): T {
  const got = n.string(attribute, fallback);
  return names.find((x) => x === got) ?? badAttribute(n, attribute, names.join(', '), got);
}

/**
 * Every node must be reached at most once: anything else is no tree, and what is a circle would never
 * end. HAIO_E_ATTRIBUTE names the attribute `name` in errors.
 */
function checkTrees(n: OnnxNode, name: string, e: Ensemble): void {
  const seen = new Uint8Array(e.comparison.length);
  const stack: Child[] = [...e.roots];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at < 0) continue;
    if (seen[at]) badAttribute(n, name, 'trees', `a node (${at}) that two others lead to`);
    seen[at] = 1;
    stack.push(e.whenTrue[at]!, e.whenFalse[at]!);
  }
}

/** Places of nodes by tree and node number. Most models count nodes up from 0 within each tree. */
class NodeNumbers {
  readonly #starts = new Map<number, number>();
  readonly #others = new Map<string, number>();
  readonly #trees: readonly number[];
  readonly #nodes: readonly number[];

  constructor(n: OnnxNode, trees: readonly number[], nodes: readonly number[]) {
    this.#trees = trees;
    this.#nodes = nodes;
    trees.forEach((tree, i) => {
      const start = this.#starts.get(tree) ?? i - nodes[i]!;
      if (!this.#starts.has(tree)) this.#starts.set(tree, start);
      if (start + nodes[i]! === i) return;
      const key = `${tree}:${nodes[i]!}`;
      if (this.#others.has(key) || this.#direct(tree, nodes[i]!) >= 0)
        badAttribute(n, 'nodes_nodeids', 'one node of each number', `two of ${key}`);
      this.#others.set(key, i);
    });
  }
  #direct(tree: number, node: number): number {
    const i = (this.#starts.get(tree) ?? NaN) + node;
    return this.#trees[i] === tree && this.#nodes[i] === node ? i : -1;
  }
  /** −1 where there is none */
  find(tree: number, node: number): number {
    const direct = this.#direct(tree, node);
    return direct >= 0 ? direct : (this.#others.get(`${tree}:${node}`) ?? -1);
  }
}

const MODES: Readonly<Record<string, Comparison | 'LEAF'>> = {
  BRANCH_LEQ: 'LEQ',
  BRANCH_LT: 'LT',
  BRANCH_GTE: 'GTE',
  BRANCH_GT: 'GT',
  BRANCH_EQ: 'EQ',
  BRANCH_NEQ: 'NEQ',
  LEAF: 'LEAF',
};

/** Checks that ids are in 0…count−1. */
function checkIds(n: OnnxNode, name: string, ids: readonly number[], count: number): void {
  const bad = ids.find((id) => !(id >= 0 && id < count));
  if (bad !== undefined) badAttribute(n, name, `numbers from 0 to ${count - 1}`, `${bad}`);
}

/** Features are indices of 31 bits; rows may be shorter than a hostile model says: 0 is read there. */
const FEATURES = 2 ** 30;

/**
 * TreeEnsembleRegressor and -Classifier. `weights`: 'target' or 'class'. The first node that is listed
 * of a tree is its root.
 */
export function readLists(n: OnnxNode, weights: 'target' | 'class', targets: number): Ensemble {
  const treeIds = n.ints('nodes_treeids');
  const count = treeIds.length;
  const list = (name: string): readonly number[] => {
    const found = n.ints(name);
    checkLength(n, name, found.length, count);
    return found;
  };
  const nodeIds = list('nodes_nodeids');
  const feature = list('nodes_featureids');
  const trueIds = list('nodes_truenodeids');
  const falseIds = list('nodes_falsenodeids');
  const threshold = numbersOfEither(n, 'nodes_values');
  checkLength(n, 'nodes_values', threshold.length, count);
  const modes = n.strings('nodes_modes').map((mode) => {
    const known = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
    return known ?? badAttribute(n, 'nodes_modes', Object.keys(MODES).join(', '), mode);
  });
  checkLength(n, 'nodes_modes', modes.length, count);
  const missing = n.ints('nodes_missing_value_tracks_true', []);
  if (missing.length > 0) checkLength(n, 'nodes_missing_value_tracks_true', missing.length, count);

  const numbers = new NodeNumbers(n, treeIds, nodeIds);
  const leaves = readWeights(n, weights, targets, numbers, count);
  const child = (name: string, i: number, id: number): Child => {
    const at = numbers.find(treeIds[i]!, id);
    if (at < 0) badAttribute(n, name, `nodes of tree ${treeIds[i]!}`, `${id}`);
    return modes[at] === 'LEAF' ? ~at : at;
  };
  const inner = modes.map((mode) => mode !== 'LEAF');
  checkIds(
    n,
    'nodes_featureids',
    feature.filter((_, i) => inner[i]),
    FEATURES,
  );
  const e: Ensemble = {
    roots: treeIds.flatMap((tree, i) =>
      i > 0 && treeIds[i - 1] === tree ? [] : [inner[i] ? i : ~i],
    ),
    comparison: modes.map((mode) => (mode === 'LEAF' ? 'LEQ' : mode)),
    feature,
    threshold,
    missing: inner.map((_, i) => missing[i] === 1),
    whenTrue: trueIds.map((id, i) => (inner[i] ? child('nodes_truenodeids', i, id) : ~i)),
    whenFalse: falseIds.map((id, i) => (inner[i] ? child('nodes_falsenodeids', i, id) : ~i)),
    leaves,
  };
  checkTrees(n, 'nodes_truenodeids', e);
  return e;
}

/** What each node says, by its place among the nodes. */
function readWeights(
  n: OnnxNode,
  prefix: 'target' | 'class',
  targets: number,
  numbers: NodeNumbers,
  count: number,
): Weight[][] {
  const ids = n.ints(`${prefix}_ids`);
  const trees = n.ints(`${prefix}_treeids`);
  const nodes = n.ints(`${prefix}_nodeids`);
  const values = numbersOfEither(n, `${prefix}_weights`);
  checkLength(n, `${prefix}_treeids`, trees.length, ids.length);
  checkLength(n, `${prefix}_nodeids`, nodes.length, ids.length);
  checkLength(n, `${prefix}_weights`, values.length, ids.length);
  checkIds(n, `${prefix}_ids`, ids, targets);
  const leaves: Weight[][] = Array.from({ length: count }, () => []);
  ids.forEach((target, i) => {
    const at = numbers.find(trees[i]!, nodes[i]!);
    if (at < 0) badAttribute(n, `${prefix}_nodeids`, `nodes of tree ${trees[i]!}`, `${nodes[i]!}`);
    leaves[at]!.push([target, values[i]!]);
  });
  return leaves;
}

const NUMBERED: readonly Comparison[] = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ', 'MEMBER'];

/** TreeEnsemble (5). */
export function readTensors(n: OnnxNode, targets: number): Ensemble {
  const feature = n.ints('nodes_featureids');
  const count = feature.length;
  const checked = <T extends ArrayLike<number>>(name: string, list: T): T => {
    checkLength(n, name, list.length, count);
    return list;
  };
  const list = (name: string): readonly number[] => checked(name, n.ints(name));
  const modes = Array.from(checked('nodes_modes', toNumbers(n.tensor('nodes_modes'))));
  checkIds(n, 'nodes_modes', modes, NUMBERED.length);
  checkIds(n, 'nodes_featureids', feature, FEATURES);
  const comparison = modes.map((m) => NUMBERED[m]!);
  const missing = n.ints('nodes_missing_value_tracks_true', []);
  if (missing.length > 0) checked('nodes_missing_value_tracks_true', missing);
  const leafTargets = n.ints('leaf_targetids');
  const leafWeights = toNumbers(n.tensor('leaf_weights'));
  checkLength(n, 'leaf_weights', leafWeights.length, leafTargets.length);
  checkIds(n, 'leaf_targetids', leafTargets, targets);
  const children = (side: 'true' | 'false'): Child[] => {
    const name = `nodes_${side}nodeids`;
    const isLeaf = list(`nodes_${side}leafs`);
    return list(name).map((id, i) => {
      const limit = isLeaf[i] ? leafTargets.length : count;
      if (!(id >= 0 && id < limit)) badAttribute(n, name, `numbers below ${limit}`, `${id}`);
      return isLeaf[i] ? ~id : id;
    });
  };
  const [whenTrue, whenFalse] = [children('true'), children('false')];
  const roots = n.ints('tree_roots');
  checkIds(n, 'tree_roots', roots, count);
  const e: Ensemble = {
    // a node with one leaf on both sides is that leaf
    roots: roots.map((r) => (whenTrue[r]! < 0 && whenTrue[r] === whenFalse[r] ? whenTrue[r]! : r)),
    comparison,
    feature,
    threshold: checked('nodes_splits', toNumbers(n.tensor('nodes_splits'))),
    missing: feature.map((_, i) => missing[i] === 1),
    whenTrue,
    whenFalse,
    leaves: leafTargets.map((target, i) => [[target, leafWeights[i]!]]),
  };
  checkTrees(n, 'nodes_truenodeids', e);
  return comparison.includes('MEMBER') ? { ...e, members: membersOf(n, e) } : e;
}

/** Lists of values, each ended by NaN, for the MEMBER nodes in their order. */
function membersOf(n: OnnxNode, e: Ensemble): Map<number, number[]> {
  const values = toNumbers(n.tensor('membership_values'));
  const members = new Map<number, number[]>();
  let at = 0;
  e.comparison.forEach((c, node) => {
    if (c !== 'MEMBER') return;
    const length = values.subarray(at).findIndex((v) => Number.isNaN(v));
    if (length < 0) badAttribute(n, 'membership_values', 'a list for each node', 'too few');
    members.set(node, Array.from(values.subarray(at, at + length)));
    at += length + 1;
  });
  return members;
}
