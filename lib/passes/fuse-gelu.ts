/**
 * Gelu as exporters write it: x·½(1 + erf(x/√2)), and its tanh approximation, in any order of
 * factors; with products in place of quotients and powers, as simplify makes them.
 */
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import { type Pattern, any, lit, oneOf, pat } from '../ir/pattern.js';
import { type Rule, rule } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { Erf } from '../ops/erf.js';
import { Gelu } from '../ops/gelu.js';
import { Mul } from '../ops/mul.js';
import { Tanh } from '../ops/tanh.js';

type X = { readonly x: Value };
const x: Pattern<X> = any('x');
const times = (p: Pattern<X>, c: number): Pattern<X> => pat(Mul, p, lit(c));
const plusOne = (p: Pattern<X>): Pattern<X> => pat(Add, p, lit(1));

/** x·½·f in any order */
const halfOf = (f: Pattern<X>): Pattern<X> =>
  oneOf<X>(pat(Mul, times(x, 0.5), f), pat(Mul, times(f, 0.5), x), times(pat(Mul, x, f), 0.5));

const C = 0.044715;
const K = Math.sqrt(2 / Math.PI);
const square = pat(Mul, x, x);
const squareC = oneOf<X>(times(square, C), pat(Mul, times(x, C), x));
const cubeC = oneOf<X>(
  times(pat(Mul, x, square), C),
  pat(Mul, x, squareC),
  pat(Mul, times(x, C), square),
);

/** √(2/π)·(x + 0.044715·x³), also with x taken out */
const inner = oneOf<X>(
  times(pat(Add, x, cubeC), K),
  pat(Mul, times(x, K), plusOne(squareC)),
  times(pat(Mul, x, plusOne(squareC)), K),
);

export const GELU_RULES: readonly Rule[] = [
  rule('gelu', halfOf(plusOne(pat(Erf, times(x, Math.SQRT1_2)))), (c) =>
    apply(Gelu, { approximate: 'none' }, [c.x]),
  ),
  rule('gelu-tanh', halfOf(plusOne(pat(Tanh, inner))), (c) =>
    apply(Gelu, { approximate: 'tanh' }, [c.x]),
  ),
];
