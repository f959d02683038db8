/** Arithmetic between values, for ops that are imported as a formula. */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { Add } from './add.js';
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
