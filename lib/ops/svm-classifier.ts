/**
 * SVMClassifier and SVMRegressor (ONNX): kernels of the row with each support vector, weighted. Scores of
 * a classifier are those of pairs of classes, (0,1), (0,2) … (1,2) …; the class with most pairs wins.
 */
import { apply, literal } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { Clip } from './clip.js';
import { Exp } from './exp.js';
import { badAttribute, oneOf } from './forest-read.js';
import { cast, importOnly, minus, plus, power, scalarLike, times } from './formula.js';
import { product } from './linear-classifier.js';
import {
  type Labels,
  best,
  choose,
  isGreater,
  labelled,
  labelledBy,
  labelsOf,
  negated,
  rowsOf,
  transformOf,
  transformed,
  twoScores,
} from './ml-scores.js';
import { ReduceMax } from './reduce-max.js';
import { ReduceSum } from './reduce-sum.js';
import { Sigmoid } from './sigmoid.js';
import { Sub } from './sub.js';
import { SvmCoupling } from './svm-coupling.js';
import { Tanh } from './tanh.js';
import { Unsqueeze } from './unsqueeze.js';

/** Kernels [N, count] of rows with `count` vectors. */
function kernels(n: OnnxNode, x: Value, vectors: readonly number[], count: number): Value {
  const type = oneOf(n, 'kernel_type', ['LINEAR', 'POLY', 'RBF', 'SIGMOID'], 'LINEAR');
  const [gamma = 0, coef0 = 0, degree = 0] = n.floats('kernel_params', []);
  if (vectors.length % count !== 0)
    badAttribute(n, 'support_vectors', `${count} vectors`, `${vectors.length} elements`);
  if (type === 'RBF') {
    const table = literal('float32', [count, vectors.length / count], vectors);
    const difference = apply(Sub, {}, [apply(Unsqueeze, { axes: [1] }, [x]), table]);
    const square = times(difference, difference);
    const sum = apply(ReduceSum, { axes: [2], keepdims: false }, [square]);
    return apply(Exp, {}, [times(sum, -gamma)]);
  }
  const dot = product(x, count, vectors);
  if (type === 'LINEAR') return dot;
  const inner = plus(times(dot, gamma), coef0);
  return type === 'SIGMOID' ? apply(Tanh, {}, [inner]) : power(inner, degree);
}

function checkLeast(n: OnnxNode, name: string, list: readonly number[], least: number): void {
  if (list.length < least) badAttribute(n, name, `${least} numbers`, `${list.length}`);
}

/** Index pairs i < j in order. */
const pairsOf = (classes: number): [number, number][] =>
  Array.from({ length: classes }, (_, i) => i).flatMap((i) =>
    Array.from({ length: classes - i - 1 }, (_, k): [number, number] => [i, i + 1 + k]),
  );

/** Scores [N, pairs] from kernels; coefficients [classes − 1, vectors] as libsvm stores them. */
function pairScores(n: OnnxNode, x: Value, classes: number, counts: readonly number[]): Value {
  const coefficients = n.floats('coefficients');
  const rho = n.floats('rho');
  const pairs = pairsOf(classes);
  const total = counts.reduce((a, b) => a + b, 0);
  const starts = counts.map((_, i) => counts.slice(0, i).reduce((a, b) => a + b, 0));
  checkLeast(n, 'coefficients', coefficients, (classes - 1) * total);
  checkLeast(n, 'rho', rho, pairs.length);
  const weights = new Array<number>(pairs.length * total).fill(0);
  pairs.forEach(([i, j], p) => {
    for (let k = starts[i]!; k < starts[i]! + counts[i]!; k++)
      weights[p * total + k] = coefficients[(j - 1) * total + k]!;
    for (let k = starts[j]!; k < starts[j]! + counts[j]!; k++)
      weights[p * total + k] = coefficients[i * total + k]!;
  });
  const k = kernels(n, x, n.floats('support_vectors', []), total);
  const bias = literal('float32', [pairs.length], rho.slice(0, pairs.length));
  return plus(product(k, pairs.length, weights), bias);
}

/** Place of the class that wins most pairs; the first of equal ones. */
function winners(scores: Value, classes: number): Value {
  const pairs = pairsOf(classes);
  const won = cast(isGreater(scores, 0), 'float32');
  const weights = new Array<number>(classes * pairs.length).fill(0);
  const lost = new Array<number>(classes).fill(0);
  pairs.forEach(([i, j], p) => {
    weights[i * pairs.length + p] = 1;
    weights[j * pairs.length + p] = -1;
    lost[j]!++;
  });
  return best(plus(product(won, classes, weights), literal('float32', [classes], lost)));
}

/** Probabilities [N, classes] by Platt's sigmoids of the pairs. */
function probabilities(
  scores: Value,
  a: readonly number[],
  b: readonly number[],
  classes: number,
): Value {
  const count = pairsOf(classes).length;
  const list = (values: readonly number[]): Value =>
    literal('float32', [count], values.slice(0, count));
  const value = plus(times(scores, list(a)), list(b));
  const p = apply(Sigmoid, {}, [negated(value)]);
  const clipped = apply(Clip, { lo: 1e-7, hi: 1 - 1e-7 }, [p]);
  return apply(SvmCoupling, { classes }, [clipped]);
}

const NUMBERS: Labels = { count: 2, strings: null, ints: [0n, 1n] };
const TEXTS: Labels = { count: 2, strings: ['0', '1'], ints: [] };

function linear(n: OnnxNode, labels: Labels): Value[] {
  const rho = n.floats('rho');
  checkLeast(n, 'rho', rho, 1);
  const coefficients = n.floats('coefficients');
  if (coefficients.length === 0 || coefficients.length % labels.count !== 0)
    badAttribute(
      n,
      'coefficients',
      `as many for each of ${labels.count}`,
      `${coefficients.length}`,
    );
  const scores = plus(product(rowsOf(n), labels.count, coefficients), rho[0]!);
  const changed = transformed(scores, transformOf(n));
  const place = best(scores);
  if (labels.count !== 2) return [labelled(labels, place), changed];
  // two classes: the second as soon as the best score is positive
  const most = apply(ReduceMax, { axes: [1], keepdims: false }, [scores]);
  const positive = coefficients.every((c) => c >= 0);
  const second = positive ? minus(most, 0.5 - 2 ** -25) : most;
  return [labelled(labels, choose(isGreater(second, 0), scalarLike(place, 1), place)), changed];
}

function classify(n: OnnxNode): Value[] {
  const labels = labelsOf(n, 'classlabels_ints');
  const counts = n.ints('vectors_per_class', []);
  if (counts.some((c) => !(c >= 0))) badAttribute(n, 'vectors_per_class', 'counts', counts.join());
  if (!counts.some((c) => c > 0)) return linear(n, labels);
  const classes = labels.count;
  if (counts.length !== classes)
    badAttribute(n, 'vectors_per_class', `${classes} counts`, `${counts.length}`);
  const scores = pairScores(n, rowsOf(n), classes, counts);
  const [a, b] = [n.floats('prob_a', []), n.floats('prob_b', [])];
  const transform = transformOf(n);
  if (a.length > 0) {
    const pairs = pairsOf(classes).length;
    checkLeast(n, 'prob_a', a, pairs);
    checkLeast(n, 'prob_b', b, pairs);
    const place = winners(scores, classes);
    return [labelled(labels, place), transformed(probabilities(scores, a, b, classes), transform)];
  }
  if (classes > 2)
    return [labelled(labels, winners(scores, classes)), transformed(scores, transform)];
  if (classes < 2)
    return [labelledBy(labels.strings ? TEXTS : NUMBERS, isGreater(scores, 0)), scores];
  const label = labelled(labels, winners(scores, 2));
  return [label, twoScores(scores, transform, transform !== 'NONE')];
}

function regress(n: OnnxNode): Value[] {
  const count = n.int('n_supports', 0);
  const coefficients = n.floats('coefficients');
  const rho = n.floats('rho');
  checkLeast(n, 'rho', rho, 1);
  const x = rowsOf(n);
  const vectors = n.floats('support_vectors', []);
  if (count > 0 && coefficients.length !== count)
    badAttribute(n, 'coefficients', `${count} numbers`, `${coefficients.length}`);
  const inner = count > 0 ? kernels(n, x, vectors, count) : x;
  const scores = plus(product(inner, 1, coefficients), rho[0]!);
  if (n.int('one_class', 0) === 0) return [scores];
  return [choose(isGreater(scores, 0), scalarLike(scores, 1), scalarLike(scores, -1))];
}

export const SvmClassifier = importOnly('SvmClassifier', [
  { type: 'SVMClassifier', domain: 'ai.onnx.ml', since: 1, build: classify },
  { type: 'SVMRegressor', domain: 'ai.onnx.ml', since: 1, build: regress },
]);
