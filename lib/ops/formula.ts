/** Arithmetic between values, and ONNX operators that are imported as formulas of it. */
import { raise } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { type OnnxEntry, type OpDef, defineOp } from '../ir/op.js';
import type { DType } from '../tensor/dtype.js';
import { Add } from './add.js';
import { Cast } from './cast.js';
import { Div } from './div.js';
import { Max } from './max.js';
import { Mul } from './mul.js';
import { Pow } from './pow.js';
import { Sqrt } from './sqrt.js';
import { Sub } from './sub.js';

/** A scalar of x's dtype. */
export const scalarLike = (x: Value, value: number): Value => literal(dtypeOf(x), [], [value]);

type Term = Value | number;
const both = (a: Value, b: Term): Value[] => [a, typeof b === 'number' ? scalarLike(a, b) : b];

export const plus = (a: Value, b: Term): Value => apply(Add, {}, both(a, b));
export const minus = (a: Value, b: Term): Value => apply(Sub, {}, both(a, b));
export const times = (a: Value, b: Term): Value => apply(Mul, {}, both(a, b));
export const over = (a: Value, b: Term): Value => apply(Div, {}, both(a, b));
export const atLeast = (a: Value, b: Term): Value => apply(Max, {}, both(a, b));
export const power = (a: Value, b: Term): Value => apply(Pow, {}, both(a, b));
export const root = (a: Value): Value => apply(Sqrt, {}, [a]);
export const cast = (a: Value, to: DType): Value =>
  dtypeOf(a) === to ? a : apply(Cast, { to }, [a]);

/** What only carries import entries: no node of it is ever made. */
export const importOnly = (
  name: string,
  onnx: readonly Omit<OnnxEntry<never>, 'read'>[],
): OpDef<never> =>
  defineOp<never>({
    name,
    onnx,
    infer: () => raise('HAIO_E_INTERNAL', { reason: `${name} is imported as other nodes` }),
  });
