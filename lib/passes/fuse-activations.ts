/** Activations that exporters write out, and clamps that meet. They run before constants are joined. */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { type Pattern, any, constScalar, lit, oneOf, pat, patIf } from '../ir/pattern.js';
import { type Rule, nodeRule, rule } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { Clip } from '../ops/clip.js';
import { Div } from '../ops/div.js';
import { Exp } from '../ops/exp.js';
import { HardSigmoid } from '../ops/hard-sigmoid.js';
import { HardSwish } from '../ops/hard-swish.js';
import { Log } from '../ops/log.js';
import { Max } from '../ops/max.js';
import { Min } from '../ops/min.js';
import { Mish } from '../ops/mish.js';
import { Mul } from '../ops/mul.js';
import { Neg } from '../ops/neg.js';
import { Reciprocal } from '../ops/reciprocal.js';
import { Relu } from '../ops/relu.js';
import { Sigmoid } from '../ops/sigmoid.js';
import { Silu } from '../ops/silu.js';
import { Softplus } from '../ops/softplus.js';
import { Tanh } from '../ops/tanh.js';
import { isFloat } from '../tensor/dtype.js';
import { scalarOf } from '../ir/pattern.js';

type X = { readonly x: Value };
const x = any('x');
const float = (v: Value): boolean => isFloat(dtypeOf(v));
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6;
const divided = (p: Pattern<X>, c: number): Pattern<X> =>
  oneOf<X>(pat(Div, p, lit(c)), pat(Mul, p, lit(1 / c)));

/** min(max(x + 3, 0), 6) */
const relu6 = patIf(Clip, ({ lo, hi }) => lo === 0 && near(hi, 6), pat(Add, x, lit(3)));
const hardSigmoid = oneOf<X>(
  divided(relu6, 6),
  patIf(HardSigmoid, ({ alpha, beta }) => near(alpha, 1 / 6) && near(beta, 0.5), x),
);

/** The range that a node clamps input 0 to, or null. */
function rangeOf(v: Value | null): { x: Value; lo: number; hi: number } | null {
  const node = v?.node;
  if (!node || !float(v)) return null;
  const [a, b] = node.inputs;
  if (node.op === (Relu as unknown)) return { x: a!, lo: 0, hi: Infinity };
  if (node.op === (Clip as unknown))
    return { x: a!, ...(node.attrs as { lo: number; hi: number }) };
  const upper = node.op === (Min as unknown);
  if (!upper && node.op !== (Max as unknown)) return null;
  const [c, d] = [scalarOf(a!), scalarOf(b!)];
  const limit = d ?? c;
  if (limit === null || Number.isNaN(limit)) return null;
  const other = d === null ? b! : a!;
  return upper ? { x: other, lo: -Infinity, hi: limit } : { x: other, lo: limit, hi: Infinity };
}

/** min(max(x, lo), hi), the simplest op for it. */
const clamped = (v: Value, lo: number, hi: number): Value =>
  lo === 0 && hi === Infinity ? apply(Relu, {}, [v]) : apply(Clip, { lo, hi }, [v]);

export const ACTIVATION_RULES: readonly Rule[] = [
  // Clip, Relu, Min and Max with a constant: one Clip for a chain of them
  nodeRule('clamp', [Clip, Relu, Min, Max], (node) => {
    const outer = rangeOf(node.outputs[0]!);
    if (!outer) return null;
    const inner = rangeOf(outer.x);
    if (inner) {
      const pin = (c: number): number => Math.min(outer.hi, Math.max(outer.lo, c));
      return clamped(inner.x, pin(inner.lo), pin(inner.hi));
    }
    if (outer.lo === -Infinity && outer.hi === Infinity) return outer.x;
    const relu = outer.lo === 0 && outer.hi === Infinity;
    return node.op === ((relu ? Relu : Clip) as unknown)
      ? null
      : clamped(outer.x, outer.lo, outer.hi);
  }),

  rule('sigmoid', pat(Reciprocal, pat(Add, pat(Exp, pat(Neg, x)), lit(1))), (c) =>
    apply(Sigmoid, {}, [c.x]),
  ),
  rule('softplus', pat(Log, pat(Add, pat(Exp, x), lit(1))), (c) => apply(Softplus, {}, [c.x])),
  rule('silu', pat(Mul, x, pat(Sigmoid, x)), (c) => apply(Silu, {}, [c.x])),
  rule('mish', pat(Mul, x, pat(Tanh, pat(Softplus, x))), (c) => apply(Mish, {}, [c.x])),
  rule('hard-sigmoid', divided(relu6, 6), (c) =>
    apply(HardSigmoid, { alpha: 1 / 6, beta: 0.5 }, [c.x]),
  ),
  rule(
    'hard-swish',
    oneOf<X>(
      pat(Mul, x, hardSigmoid),
      divided(pat(Mul, x, relu6), 6),
      pat(Mul, divided(x, 6), relu6),
    ),
    (c) => apply(HardSwish, {}, [c.x]),
  ),
  rule(
    'hard-sigmoid-scaled',
    patIf(
      Clip,
      ({ lo, hi }) => lo === 0 && hi === 1,
      pat(Add, pat(Mul, x, constScalar('alpha')), constScalar('beta')),
    ),
    (c) => (float(c.x) ? apply(HardSigmoid, { alpha: c.alpha, beta: c.beta }, [c.x]) : null),
  ),
];
