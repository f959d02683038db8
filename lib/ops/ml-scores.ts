/**
 * What the operators of ai.onnx.ml have in common: rows, transforms of scores, labels. Where the
 * specification is silent (one score for two classes), the meaning is onnxruntime's.
 */
import { raise } from '../errors.js';
import { apply, constant } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError, typeError } from '../ir/op.js';
import { tensor } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { Abs } from './abs.js';
import { ArgMax } from './arg-max.js';
import { Concat } from './concat.js';
import { Exp } from './exp.js';
import { cast, minus, over, plus, root, scalarLike, times } from './formula.js';
import { oneOf } from './forest-read.js';
import { Gather } from './gather.js';
import { Greater } from './greater.js';
import { Less } from './less.js';
import { Log } from './log.js';
import { Neg } from './neg.js';
import { ReduceMax } from './reduce-max.js';
import { ReduceSum } from './reduce-sum.js';
import { Reshape } from './reshape.js';
import { Sigmoid } from './sigmoid.js';
import { int64s } from './sizes.js';
import { Slice } from './slice.js';
import { Softmax } from './softmax.js';
import { Where } from './where.js';

export const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'] as const;
export type Transform = (typeof TRANSFORMS)[number];

export const transformOf = (n: OnnxNode): Transform =>
  oneOf(n, 'post_transform', TRANSFORMS, 'NONE');

/** Sizes as they are given: 0 is 0. */
export const reshaped = (x: Value, shape: readonly number[]): Value =>
  apply(Reshape, { allowzero: false }, [x, int64s(shape)]);

/** Input 0 as rows [N, C] of float32, or of float64 where it is that and `double` allows; [C] is one row. */
export function rowsOf(n: OnnxNode, double = false): Value {
  const x = n.inputs[0] ?? typeError('input 0 is missing');
  const [dtype, rank] = [dtypeOf(x), shapeOf(x).length];
  if (dtype === 'string' || dtype === 'bool') typeError(`expected numbers, got ${dtype}`);
  if (rank < 1 || rank > 2) shapeError(`expected rank 1 or 2, got ${rank}`);
  const rows = rank === 1 ? reshaped(x, [1, -1]) : x;
  return double && dtype === 'float64' ? rows : cast(rows, 'float32');
}

export const column = (x: Value, at: number): Value =>
  apply(Slice, { axes: [1], steps: [1] }, [x, int64s([at]), int64s([at + 1])]);
export const columns = (...list: Value[]): Value =>
  list.length === 1 ? list[0]! : apply(Concat, { axis: 1 }, list);
export const negated = (x: Value): Value => apply(Neg, {}, [x]);
export const isGreater = (x: Value, than: number): Value =>
  apply(Greater, {}, [x, scalarLike(x, than)]);
export const choose = (condition: Value, yes: Value, no: Value): Value =>
  apply(Where, {}, [condition, yes, no]);

const along = { axes: [1], keepdims: true } as const;

/** √2 · erf⁻¹(2x − 1), erf⁻¹ as approximated by Winitzki (2008). */
function probit(x: Value): Value {
  const y = minus(times(x, 2), 1);
  const log = apply(Log, {}, [times(minus(scalarLike(y, 1), y), plus(y, 1))]);
  const v = plus(times(log, 0.5), 2 / (3.14159 * 0.147));
  const size = root(minus(root(minus(times(v, v), times(log, 1 / 0.147))), v));
  const signed = choose(apply(Less, {}, [y, scalarLike(y, 0)]), negated(size), size);
  return times(signed, 1.41421356);
}

/** Softmax of what is not 0 (within 1e-7). */
function softmaxZero(x: Value): Value {
  const most = apply(ReduceMax, along, [x]);
  const isZero = apply(Less, {}, [apply(Abs, {}, [x]), scalarLike(x, 1e-7)]);
  const e = apply(Exp, {}, [minus(x, most)]);
  const sum = apply(ReduceSum, along, [choose(isZero, scalarLike(x, 0), e)]);
  return over(choose(isZero, times(x, apply(Exp, {}, [negated(most)])), e), sum);
}

/** The transform of rows of two scores or more. */
export function transformed(x: Value, transform: Transform): Value {
  switch (transform) {
    case 'NONE':
      return x;
    case 'SOFTMAX':
      return apply(Softmax, { axis: 1 }, [x]);
    case 'LOGISTIC':
      return apply(Sigmoid, {}, [x]);
    case 'SOFTMAX_ZERO':
      return softmaxZero(x);
    case 'PROBIT':
      return probit(x);
  }
}

/** The transform of a single score: only PROBIT changes it. */
export const transformedOne = (x: Value, transform: Transform): Value =>
  transform === 'PROBIT' ? probit(x) : x;

/** Scores [N, 2] of two classes from one score [N, 1]: the other is its complement, or its negative. */
export function twoScores(x: Value, transform: Transform, complement: boolean): Value {
  if (transform === 'PROBIT') return columns(probit(x), times(x, 0));
  if (transform === 'LOGISTIC')
    return columns(apply(Sigmoid, {}, [negated(x)]), apply(Sigmoid, {}, [x]));
  return columns(complement ? minus(scalarLike(x, 1), x) : negated(x), x);
}

/** Class labels of a classifier. */
export interface Labels {
  readonly count: number;
  readonly strings: readonly string[] | null;
  readonly ints: readonly bigint[];
}

export function labelsOf(n: OnnxNode, ints: string, strings = 'classlabels_strings'): Labels {
  const names = n.strings(strings, []);
  const numbers = n.bigints(ints, []);
  if (names.length + numbers.length === 0)
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: strings,
      expected: `labels, here or in ${ints}`,
      got: 'none',
    });
  return names.length > 0
    ? { count: names.length, strings: names, ints: [] }
    : { count: numbers.length, strings: null, ints: numbers };
}

/** Labels [N] at the places [N]. */
export function labelled(labels: Labels, places: Value): Value {
  const { strings, ints } = labels;
  if (!strings && ints.every((x, i) => x === BigInt(i))) return places;
  const table = strings
    ? constant(weightOf(tensor('string', [strings.length], strings)))
    : constant(weightOf(tensor('int64', [ints.length], BigInt64Array.from(ints))));
  return apply(Gather, { axis: 0 }, [table, places]);
}

/** yes or no [N] by a condition [N, 1]. */
export const labelledBy = (labels: Labels, yes: Value): Value =>
  labelled(labels, cast(reshaped(yes, [-1]), 'int64'));

/** Place of the greatest score of each row: [N]. */
export const best = (x: Value): Value =>
  apply(ArgMax, { axis: 1, keepdims: false, last: false }, [x]);
