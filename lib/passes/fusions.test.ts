import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type Pass, rules } from '../ir/pass.js';
import type { OpDef } from '../ir/op.js';
import { printGraph } from '../ir/print.js';
import * as ops from '../ops/index.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { FOLD, foldConstants } from './fold-constants.js';
import { concatBehind, foldIntoGemm } from './fold-into-gemm.js';
import { ACTIVATION_RULES } from './fuse-activations.js';
import { fuseChains } from './fuse-chains.js';
import { GELU_RULES } from './fuse-gelu.js';
import { fuseLayerNorm } from './fuse-layer-norm.js';
import { ARITHMETIC_RULES } from './simplify-arithmetic.js';
import { VIEW_RULES } from './simplify-views.js';
import { leaves, scalar, weight, x32 } from './support.test.js';

const simplify: Pass[] = [
  commonSubexpressions,
  rules('simplify', [FOLD, ...VIEW_RULES, ...ARITHMETIC_RULES]),
];

type Plain = OpDef<Readonly<Record<string, never>>>;
const call = (op: Plain, ...inputs: (Value | number)[]): Value =>
  apply(
    op,
    {},
    inputs.map((v) => (typeof v === 'number' ? scalar(v) : v)),
  );
const add = (a: Value | number, b: Value | number) => call(ops.Add, a, b);
const sub = (a: Value | number, b: Value | number) => call(ops.Sub, a, b);
const mul = (a: Value | number, b: Value | number) => call(ops.Mul, a, b);
const div = (a: Value | number, b: Value | number) => call(ops.Div, a, b);
const pow = (a: Value, b: number) => call(ops.Pow, a, b);

describe('simplify-arithmetic', () => {
  const x = x32(3, 4);
  it('drops neutral elements', () => {
    const ones = literal('float32', [4], [1, 1, 1, 1]);
    leaves(simplify, call(ops.Abs, mul(ones, add(0, div(sub(x, 0), 1)))), 'Abs 1');
    leaves(simplify, mul(x, literal('float32', [2, 1, 1], [1, 1])), 'Mul 1');
  });
  it('knows powers, quotients and differences', () => {
    leaves(simplify, pow(x, 2), 'Mul 1');
    leaves(simplify, call(ops.Sqrt, pow(call(ops.Abs, x), 2)), 'Abs 1, Mul 1, Sqrt 1');
    leaves(simplify, pow(call(ops.Abs, x), 0.5), 'Abs 1, Sqrt 1');
    leaves(simplify, div(x, 3), 'Mul 1');
    leaves(simplify, div(x, 0), 'Div 1');
    leaves(simplify, sub(x, 3), 'Add 1');
    leaves(simplify, mul(add(x, 9), div(1, call(ops.Exp, x))), 'Add 1, Div 1, Exp 1');
  });
  it('joins constants', () => {
    leaves(simplify, mul(mul(mul(x, 2), weight(4)), 3), 'Mul 1');
    leaves(simplify, add(sub(x, 2), weight(3, 1)), 'Add 1');
  });
  it('joins casts that lose nothing', () => {
    const cast = (v: Value, to: 'float64' | 'float16' | 'float32' | 'int32') =>
      apply(ops.Cast, { to }, [v]);
    leaves(simplify, cast(cast(x, 'float64'), 'float32'), '');
    leaves(simplify, cast(cast(x, 'float64'), 'float16'), 'Cast 1');
    leaves(simplify, cast(cast(x, 'float16'), 'float32'), 'Cast 2');
    leaves(simplify, cast(cast(x, 'int32'), 'float32'), 'Cast 2');
  });
  it('takes the known side of a Where', () => {
    const yes = literal('bool', [1], [1]);
    leaves(simplify, call(ops.Where, yes, call(ops.Exp, x), x), 'Exp 1');
  });
});

describe('fuse-activations', () => {
  const passes = [...simplify, rules('activations', ACTIVATION_RULES)];
  const x = x32(3, 4);
  const relu6 = (v: Value) => apply(ops.Clip, { lo: 0, hi: 6 }, [v]);
  it('finds silu, mish, sigmoid and softplus', () => {
    leaves(passes, mul(call(ops.Sigmoid, x), x), 'Silu 1');
    leaves(passes, mul(x, call(ops.Tanh, call(ops.Softplus, x))), 'Mish 1');
    leaves(passes, mul(x, call(ops.Tanh, call(ops.Log, add(call(ops.Exp, x), 1)))), 'Mish 1');
    leaves(passes, div(1, add(1, call(ops.Exp, call(ops.Neg, x)))), 'Sigmoid 1');
  });
  it('finds hard-swish in all orders', () => {
    leaves(passes, div(relu6(add(x, 3)), 6), 'HardSigmoid 1');
    leaves(passes, mul(x, div(relu6(add(x, 3)), 6)), 'HardSwish 1');
    leaves(passes, div(mul(relu6(add(3, x)), x), 6), 'HardSwish 1');
    leaves(passes, mul(mul(x, 1 / 6), relu6(add(x, 3))), 'HardSwish 1');
    leaves(passes, mul(x, apply(ops.HardSigmoid, { alpha: 1 / 6, beta: 0.5 }, [x])), 'HardSwish 1');
    leaves(
      passes,
      mul(x, apply(ops.HardSigmoid, { alpha: 0.2, beta: 0.5 }, [x])),
      'HardSigmoid 1, Mul 1',
    );
  });
  it('joins clamps', () => {
    leaves(passes, call(ops.Min, call(ops.Max, x, -1), 1), 'Clip 1');
    leaves(passes, call(ops.Relu, relu6(call(ops.Relu, x))), 'Clip 1');
    leaves(passes, call(ops.Max, x, 0), 'Relu 1');
    leaves(passes, call(ops.Min, call(ops.Relu, x), -1), 'Clip 1');
    leaves(passes, call(ops.Max, x, call(ops.Exp, x)), 'Exp 1, Max 1');
  });
});

describe('fuse-gelu', () => {
  const passes = [...simplify, rules('gelu', GELU_RULES)];
  const x = x32(3, 4);
  const erf = add(call(ops.Erf, div(x, Math.SQRT2)), 1);
  const k = Math.sqrt(2 / Math.PI);
  const tanh = (v: Value) => add(1, call(ops.Tanh, v));

  it('finds the erf form in all orders', () => {
    for (const v of [mul(mul(x, 0.5), erf), mul(0.5, mul(x, erf)), mul(mul(0.5, erf), x)])
      leaves(passes, v, 'Gelu 1');
    leaves(passes, mul(mul(x, 0.5), add(call(ops.Erf, mul(x, Math.SQRT1_2)), 1)), 'Gelu 1');
  });
  it('finds the tanh form in all orders', () => {
    const inner = [
      mul(k, add(x, mul(0.044715, pow(x, 3)))),
      mul(add(x, mul(mul(x, mul(x, x)), 0.044715)), k),
      mul(mul(x, k), add(1, mul(mul(0.044715, x), x))),
      mul(k, mul(x, add(1, mul(0.044715, pow(x, 2))))),
    ];
    for (const v of inner) {
      leaves(passes, mul(mul(0.5, x), tanh(v)), 'Gelu 1');
      leaves(passes, mul(x, mul(0.5, tanh(v))), 'Gelu 1');
    }
  });
  it('leaves other formulas and shared parts alone', () => {
    leaves(passes, mul(mul(x, 0.5), add(call(ops.Erf, mul(x, 0.7)), 1)), 'Mul 3, Add 1, Erf 1');
    leaves(passes, [mul(mul(x, 0.5), erf), erf], 'Mul 3, Add 1, Erf 1');
  });
});

describe('fuse-layer-norm', () => {
  const passes = [...simplify, fuseLayerNorm, foldConstants];
  const mean = (v: Value, axis = shapeOf(v).length - 1) =>
    apply(ops.ReduceMean, { axes: [axis], keepdims: true }, [v]);
  const x = x32(3, 4, 8);

  it('finds the written-out form, with scale and bias', () => {
    const d = sub(x, mean(x));
    const core = div(d, call(ops.Sqrt, add(mean(pow(d, 2)), 1e-5)));
    leaves(passes, core, 'LayerNorm 1');
    leaves(passes, add(mul(core, weight(8)), weight(1, 1, 8)), 'LayerNorm 1');
    const twice = div(sub(x, mean(x)), call(ops.Sqrt, add(mean(mul(d, d)), 1e-5)));
    leaves(passes, add(mul(weight(8), twice), weight(8)), 'LayerNorm 1');
    const inverse = div(1, call(ops.Sqrt, add(mean(mul(d, d)), 1e-5)));
    leaves(passes, mul(d, inverse), 'LayerNorm 1');
    leaves(passes, add(mul(core, weight(4, 1)), weight(8)), 'Add 1, LayerNorm 1, Mul 1');
  });
  it('finds RMS normalisation', () => {
    const root = call(ops.Sqrt, add(mean(pow(x, 2)), 1e-6));
    leaves(passes, mul(weight(8), div(x, root)), 'RmsNorm 1');
    leaves(passes, mul(mul(x, call(ops.Reciprocal, root)), weight(8)), 'RmsNorm 1');
  });
  it('leaves other axes and shared statistics alone', () => {
    const norm = (v: Value, axis: number) => {
      const d = sub(v, mean(v, axis));
      return [div(d, call(ops.Sqrt, add(mean(mul(d, d), axis), 1e-5))), d] as const;
    };
    leaves(passes, norm(x, 1)[0], 'ReduceMean 2, Add 1, Div 1, Mul 1, Sqrt 1, Sub 1');
    leaves(passes, norm(x, 2), 'ReduceMean 1, RmsNorm 1, Sub 1');
  });
});

describe('fold-into-gemm', () => {
  const passes = [foldIntoGemm];
  const x = x32(2, 5, 3);
  const product = (v: Value, n: number) =>
    apply(ops.MatMul, { stages: [] }, [v, weight(Number(shapeOf(v).at(-1)), n)]);
  it('takes bias, residual and activation', () => {
    const g = leaves(
      passes,
      call(ops.Relu, add(add(product(x, 4), weight(4)), x32(2, 5, 4))),
      'MatMul 1',
    );
    assert.match(printGraph(g), /stages: \[Add\(0,1\),Add\(3,2\),Relu\(4\)\]/);
  });
  it('takes a whole formula with one result', () => {
    const p = product(x, 4);
    leaves(passes, mul(p, call(ops.Tanh, call(ops.Softplus, p))), 'MatMul 1');
    leaves(
      passes,
      [mul(p, call(ops.Tanh, call(ops.Softplus, p))), p],
      'MatMul 1, Mul 1, Softplus 1, Tanh 1',
    );
  });
  it('stops where the shape grows or a value has other users', () => {
    leaves(passes, add(product(x32(1, 3), 4), x32(2, 4)), 'Add 1, MatMul 1');
    const biased = add(product(x, 4), weight(4));
    leaves(passes, [biased, call(ops.Relu, biased)], 'MatMul 1, Relu 1');
  });
  it('gives a sum of two products to the later one', () => {
    const g = leaves(
      passes,
      call(ops.Relu, add(call(ops.Tanh, product(x, 4)), product(x32(2, 5, 7), 4))),
      'MatMul 2',
    );
    assert.match(printGraph(g), /stages: \[Tanh\(0\)\]/);
    assert.match(printGraph(g), /stages: \[Add\(1,0\),Relu\(2\)\]/);
  });
  it('works before a concatenation of products', () => {
    const join = (...vs: Value[]) => apply(ops.Concat, { axis: 2 }, vs);
    const both = [concatBehind, foldIntoGemm];
    const y = call(ops.Relu, mul(join(product(x, 4), x, product(x, 2)), 3));
    leaves(both, y, 'MatMul 2, Concat 1, Mul 1, Relu 1');
    leaves(both, call(ops.Relu, join(x, x)), 'Concat 1, Relu 1');
    const shared = join(product(x, 4), x);
    leaves(both, [call(ops.Relu, shared), shared], 'Concat 1, MatMul 1, Relu 1');
  });
  it('adds to stages that are there', () => {
    const once = leaves(passes, add(product(x, 4), weight(4)), 'MatMul 1').outputs[0]!;
    const g = leaves(passes, mul(call(ops.Tanh, once), weight(5, 1)), 'MatMul 1');
    assert.match(printGraph(g), /stages: \[Add\(0,1\),Tanh\(3\),Mul\(4,2\)\]/);
  });
});

describe('fuse-chains', () => {
  const passes = [fuseChains];
  const x = x32(3, 4);
  it('makes one node of a run, also of one that forks and joins', () => {
    const s = call(ops.Sigmoid, add(x, weight(4)));
    const g = leaves(passes, sub(mul(s, x), call(ops.Exp, s)), 'Chain 1');
    assert.match(
      printGraph(g),
      /Chain\(x\d+, float32\[4\]\{.*stages: \[Add\(0,1\),Sigmoid\(2\),Mul\(3,0\),Exp\(3\),Sub\(4,5\)\]/,
    );
  });
  it('keeps single nodes, inner values with other users, and smaller parts', () => {
    leaves(passes, call(ops.Exp, x), 'Exp 1');
    const e = call(ops.Exp, x);
    leaves(passes, [add(e, 1), mul(e, 2)], 'Add 1, Exp 1, Mul 1');
    leaves(passes, add(call(ops.Exp, call(ops.Tanh, x32(4))), x), 'Add 1, Chain 1');
  });
  it('crosses comparisons and casts within a domain', () => {
    const mask = apply(ops.Cast, { to: 'float32' }, [call(ops.Greater, x, 0)]);
    leaves(passes, mul(mask, x), 'Chain 1');
    const n = literal('int64', [1], [7]);
    const ints = call(ops.Add, apply(ops.Cast, { to: 'int64' }, [x]), n);
    leaves(passes, call(ops.Mul, ints, n), 'Cast 1, Chain 1');
  });
});
