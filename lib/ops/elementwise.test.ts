import assert from 'node:assert/strict';
import { HaioError } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, dtypeOf, input, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, tensor, toNumbers } from '../tensor/tensor.js';
import { castTensor } from './cast.js';
import { domainOfTypes } from './chain-step.js';
import { runsIn } from './elementwise.js';
import * as ops from './index.js';
import { ALL_OPS } from './registry.js';

/** An op's eval on vectors of one type. */
function run<A>(op: OpDef<A>, attrs: NoInfer<A>, dtype: DType, ...lists: number[][]): number[] {
  const inputs = lists.map((l) => fromNumbers(dtype, [l.length], l));
  return [...toNumbers(op.eval!(inputs, attrs)[0]!)];
}
const float = <A>(op: OpDef<A>, attrs: NoInfer<A>, ...lists: number[][]): number[] =>
  run(op, attrs, 'float64', ...lists);

function near(got: readonly number[], expected: readonly number[], tolerance = 1e-12): void {
  assert.equal(got.length, expected.length);
  got.forEach((x, i) => {
    const y = expected[i]!;
    assert.ok(Object.is(x, y) || Math.abs(x - y) <= tolerance, `element ${i}: ${x}, not ${y}`);
  });
}

const sym = (name: string, min = 0): Dim => D.symbolDim(D.newSymbol(name, { min }));
const f32 = (...shape: Dim[]): Value => input('x', { dtype: 'float32', shape });
const i64 = (...values: number[]): Value => literal('int64', [values.length], values);
/** An integer vector with these elements. */
const sizes = (...values: Dim[]): Value => {
  const v = input('s', { dtype: 'int64', shape: [values.length] });
  return { ...v, fact: { ...v.fact, value: values } };
};
const code = (expected: string) => (e: unknown) => e instanceof HaioError && e.code === expected;

/** The importer's view of a node, as far as the entries here look at it. */
function onnx(type: string, opset: number, inputs: (Value | null)[], attrs = {}): Value {
  const given = attrs as Record<string, unknown>;
  const get = (name: string, fallback?: unknown): never => (given[name] ?? fallback) as never;
  const n = {
    name: 'node',
    type,
    opset,
    inputs,
    outputCount: 1,
    has: (name: string) => name in given,
    int: get,
    float: get,
    string: get,
  } as unknown as OnnxNode;
  const entries = ALL_OPS.flatMap((op) => (op.onnx ?? []).map((entry) => ({ op, entry })));
  const { op, entry } = entries
    .filter((e) => e.entry.type === type && !e.entry.domain && e.entry.since <= opset)
    .sort((a, b) => b.entry.since - a.entry.since)[0]!;
  return entry.build ? entry.build(n)[0]! : apply(op, entry.read!(n), inputs);
}
const evaluate = (v: Value, inputs: readonly Value[], feeds: readonly Tensor[]): number[] => [
  ...toNumbers(evalGraph({ inputs, outputs: [v], outputNames: ['y'] }, feeds)[0]!),
];

describe('element-wise ops: values', () => {
  it('erf is right to double precision', () => {
    near(
      float(ops.Erf, {}, [0, 0.5, -1, 2, 3.5, 9, -Infinity]),
      [0, 0.5204998778130465, -0.8427007929497149, 0.9953222650189527, 0.9999992569016276, 1, -1],
    );
    assert.ok(Number.isNaN(float(ops.Erf, {}, [NaN])[0]));
  });
  it('gelu in both forms', () => {
    near(
      float(ops.Gelu, { approximate: 'none' }, [1, -2]),
      [0.8413447460685429, -0.0455002638963584],
    );
    near(
      float(ops.Gelu, { approximate: 'tanh' }, [1, -2]),
      [0.8411919906082768, -0.04540230591222725],
    );
  });
  it('activations', () => {
    near(float(ops.Silu, {}, [0, 1, -1]), [0, 0.7310585786300049, -0.2689414213699951]);
    near(float(ops.Mish, {}, [1]), [0.8650983882673103]);
    near(float(ops.Elu, { alpha: 2 }, [-1, 3]), [2 * Math.expm1(-1), 3]);
    near(float(ops.Celu, { alpha: 2 }, [-1, 3]), [2 * Math.expm1(-0.5), 3]);
    near(float(ops.Selu, { alpha: 2, gamma: 3 }, [-1, 3]), [6 * Math.expm1(-1), 9]);
    near(float(ops.LeakyRelu, { alpha: 0.5 }, [-4, 4]), [-2, 4]);
    near(float(ops.HardSigmoid, { alpha: 0.25, beta: 0.5 }, [-3, 1, 3]), [0, 0.75, 1]);
    near(float(ops.HardSwish, {}, [-4, 1, 4]), [0, 2 / 3, 4]);
    near(float(ops.ThresholdedRelu, { alpha: 1 }, [1, 1.5]), [0, 1.5]);
    near(float(ops.Softplus, {}, [0, 800, -800]), [Math.LN2, 800, 0]);
    near(float(ops.Softsign, {}, [3, -1]), [0.75, -0.5]);
    near(float(ops.Shrink, { lambd: 1, bias: 0.5 }, [-2, 0.5, 2]), [-1.5, 0, 1.5]);
    near(float(ops.PRelu, {}, [-2, 2], [3, 3]), [-6, 2]);
  });
  it('rounds halves to even', () => {
    near(float(ops.Round, {}, [0.5, 1.5, 2.5, -0.5, -1.5, 2.4]), [0, 2, 2, -0, -2, 2]);
  });
  it('min and max keep NaN', () => {
    near(float(ops.Max, {}, [NaN, 1, 3], [1, NaN, 2]), [NaN, NaN, 3]);
    near(float(ops.Min, {}, [NaN, 1, 3], [1, NaN, 2]), [NaN, NaN, 2]);
    near(float(ops.Clip, { lo: 0, hi: 1 }, [NaN, -1, 2]), [NaN, 0, 1]);
  });
  it('divides integers toward zero, and by zero to 0', () => {
    for (const dtype of ['int64', 'int32', 'int8'] as const)
      assert.deepEqual(
        run(ops.Div, {}, dtype, [7, -7, 7, -7, 5], [2, 2, -2, -2, 0]),
        [3, -3, -3, 3, 0],
      );
  });
  it('takes the sign of the divisor or, with fmod, of the dividend', () => {
    for (const dtype of ['int64', 'int32', 'int8', 'float64'] as const) {
      assert.deepEqual(
        run(ops.Mod, { fmod: 0 }, dtype, [7, -7, 7, -7], [3, 3, -3, -3]),
        [1, 2, -2, -1],
      );
      assert.deepEqual(
        run(ops.Mod, { fmod: 1 }, dtype, [7, -7, 7, -7], [3, 3, -3, -3]),
        [1, -1, 1, -1],
      );
    }
  });
  it('computes 64-bit integers exactly and wraps', () => {
    const big = (...x: bigint[]): Tensor => tensor('int64', [x.length], BigInt64Array.from(x));
    const of = (op: OpDef<Record<string, never>>, ...t: Tensor[]) => [...op.eval!(t, {})[0]!.data];
    const [a, b] = [2n ** 62n + 1n, 2n ** 61n - 3n];
    assert.deepEqual(of(ops.Add, big(a), big(a)), [BigInt.asIntN(64, 2n * a)]);
    assert.deepEqual(of(ops.Mul, big(a), big(b)), [BigInt.asIntN(64, a * b)]);
    assert.deepEqual(of(ops.Less, big(a, a), big(a - 1n, a + 1n)), [0, 1]);
    assert.deepEqual(of(ops.Max, big(a), big(b)), [a]);
    assert.deepEqual(of(ops.Div, big(-(2n ** 63n)), big(-1n)), [-(2n ** 63n)]);
    assert.deepEqual(of(ops.Pow, big(3n, 2n, -1n, 5n), big(40n, 64n, -3n, -1n)), [
      BigInt.asIntN(64, 3n ** 40n),
      0n,
      -1n,
      0n,
    ]);
    assert.deepEqual(run(ops.Mul, {}, 'int32', [65537], [65537]), [
      Number(BigInt.asIntN(32, 65537n ** 2n)),
    ]);
  });
  it('rounds float32 results once', () => {
    assert.deepEqual(run(ops.Div, {}, 'float32', [1], [3]), [Math.fround(1 / 3)]);
    assert.deepEqual(run(ops.Add, {}, 'float16', [2048], [1]), [2048]);
  });
  it('tells NaN and infinities', () => {
    assert.deepEqual(float(ops.IsNaN, {}, [NaN, 1]), [1, 0]);
    assert.deepEqual(float(ops.IsInf, { negative: 1, positive: 0 }, [-Infinity, Infinity]), [1, 0]);
  });
  it('shifts and combines bits', () => {
    assert.deepEqual(
      run(ops.BitShift, { left: 1, dtype: 'uint8' }, 'uint8', [200, 1], [1, 7]),
      [144, 128],
    );
    assert.deepEqual(
      run(ops.BitShift, { left: 0, dtype: 'uint32' }, 'uint32', [2 ** 31], [31]),
      [1],
    );
    assert.deepEqual(run(ops.BitwiseXor, {}, 'int32', [-1], [5]), [-6]);
    assert.deepEqual(run(ops.BitwiseNot, {}, 'uint8', [5]), [250]);
  });
  it('compares and selects strings', () => {
    const words = (...data: string[]): Tensor => tensor('string', [data.length], data);
    assert.deepEqual([...ops.Equal.eval!([words('a', 'b'), words('a')], {})[0]!.data], [1, 0]);
    const condition = fromNumbers('bool', [2], [1, 0]);
    assert.deepEqual(
      [...ops.Where.eval!([condition, words('x'), words('y', 'z')], {})[0]!.data],
      ['x', 'z'],
    );
  });
  it('casts as the kernels do', () => {
    const x = fromNumbers('float32', [6], [1.9, -1.9, 300, -300, NaN, Infinity]);
    assert.deepEqual([...castTensor(x, 'int8').data], [1, -1, 127, -128, 0, 127]);
    assert.deepEqual([...castTensor(x, 'bool').data], [1, 1, 1, 1, 1, 1]);
    assert.deepEqual([...castTensor(fromNumbers('int64', [1], [257]), 'uint8').data], [1]);
    assert.deepEqual(
      [...castTensor(fromNumbers('float64', [1], [1e30]), 'int64').data],
      [2n ** 63n - 1n],
    );
    assert.deepEqual(
      castTensor(fromNumbers('float32', [3], [1.5, NaN, -Infinity]), 'string').data,
      ['1.5', 'NaN', '-INF'],
    );
    assert.deepEqual(
      [...castTensor(tensor('string', [2], ['12', '-7']), 'int64').data],
      [12n, -7n],
    );
  });
});

describe('element-wise ops: types and shapes', () => {
  it('broadcasts, with unknown sizes too', () => {
    const [n, m] = [sym('n'), sym('m')];
    assert.deepEqual(shapeOf(apply(ops.Add, {}, [f32(n, 1, 4), f32(3, 1)])), [n, 3, 4]);
    const v = apply(ops.Mul, {}, [f32(n), f32(m)]);
    assert.equal(
      D.evaluate(shapeOf(v)[0]!, (s) => (s.name === 'n' ? 1 : 7)),
      7,
    );
  });
  it('refuses shapes and types that do not fit', () => {
    assert.throws(() => apply(ops.Add, {}, [f32(2), f32(3)]), code('HAIO_E_SHAPE'));
    assert.throws(() => apply(ops.Add, {}, [f32(2), i64(1, 2)]), code('HAIO_E_TYPE'));
    assert.throws(() => apply(ops.Exp, {}, [i64(1)]), code('HAIO_E_TYPE'));
    assert.throws(() => apply(ops.Not, {}, [i64(1)]), code('HAIO_E_TYPE'));
    assert.throws(
      () => apply(ops.BitShift, { left: 1, dtype: 'int32' }, [f32(1), f32(1)]),
      code('HAIO_E_TYPE'),
    );
  });
  it('gives bool for relations, the base type for powers, the target for casts', () => {
    assert.equal(dtypeOf(apply(ops.Less, {}, [f32(2), f32(2)])), 'bool');
    assert.equal(dtypeOf(apply(ops.Pow, {}, [f32(2), i64(1, 2)])), 'float32');
    assert.equal(dtypeOf(apply(ops.Cast, { to: 'int8' }, [f32(2)])), 'int8');
  });
  it('computes with symbolic sizes', () => {
    const n = sym('n', 1);
    const value = (v: Value): readonly Dim[] | undefined => v.fact.value;
    const x = sizes(n, 6);
    assert.deepEqual(value(apply(ops.Add, {}, [x, i64(2)])), [D.add(n, 2), 8]);
    assert.deepEqual(value(apply(ops.Div, {}, [x, i64(4)])), [D.floorDiv(n, 4), 1]);
    assert.deepEqual(value(apply(ops.Div, {}, [i64(-7), i64(2)])), [-3]);
    assert.deepEqual(value(apply(ops.Mod, { fmod: 0 }, [x, i64(4)])), [D.mod(n, 4), 2]);
    assert.deepEqual(value(apply(ops.Pow, {}, [x, i64(2)])), [D.mul(n, n), 36]);
    assert.deepEqual(value(apply(ops.Max, {}, [x, i64(0)])), [n, 6]);
    assert.deepEqual(value(apply(ops.Abs, {}, [x])), [n, 6]);
    assert.deepEqual(value(apply(ops.Cast, { to: 'int32' }, [x])), [n, 6]);
    assert.deepEqual(value(apply(ops.Less, {}, [i64(0), x])), [1, 1]);
    const same = apply(ops.Equal, {}, [x, i64(6)]);
    assert.deepEqual(value(same), [D.eq(n, 6), 1]);
    assert.deepEqual(value(apply(ops.Where, {}, [same, x, i64(0)])), [
      D.select(D.eq(n, 6), n, 0),
      6,
    ]);
    assert.deepEqual(value(apply(ops.Not, {}, [same])), [D.sub(1, D.eq(n, 6)), 0]);
  });
  it('runs where the widest type asks for', () => {
    assert.equal(domainOfTypes(['int32', 'bool']), 'i64');
    assert.equal(domainOfTypes(['int64', 'float16', 'bool']), 'f32');
    assert.equal(domainOfTypes(['float32', 'float64']), 'f64');
    const { node } = apply(ops.Less, {}, [f32(2), f32(2)]);
    assert.ok(runsIn(node!, 'f32') && !runsIn(node!, 'i64'));
    const flag = input('b', { dtype: 'bool', shape: [2] });
    assert.ok(runsIn(apply(ops.Not, {}, [flag]).node!, 'f32'));
    const wide = input('u', { dtype: 'uint64', shape: [2] });
    assert.ok(!runsIn(apply(ops.Less, {}, [wide, wide]).node!, 'i64'));
  });
});

describe('element-wise ops: ONNX versions', () => {
  it('broadcasts by axis before opset 7', () => {
    const [a, b] = [f32(2, 3, 4), f32(3)];
    assert.deepEqual(shapeOf(onnx('Add', 6, [a, b], { axis: 1, broadcast: 1 })), [2, 3, 4]);
    assert.throws(() => onnx('Add', 7, [a, b]), code('HAIO_E_SHAPE'));
    assert.deepEqual(shapeOf(onnx('PRelu', 6, [a, b])), [2, 3, 4]);
  });
  it('folds variadic operators', () => {
    const x = [1, 2, 6].map((v) => literal('float32', [1], [v]));
    const of = (type: string): number[] => evaluate(onnx(type, 13, x), [], []);
    assert.deepEqual(['Sum', 'Mean', 'Max', 'Min'].map(of), [[9], [3], [6], [1]]);
    assert.equal(onnx('Max', 13, [x[0]!]), x[0]);
  });
  it('clips by attributes, constants or computed bounds', () => {
    const x = f32(3);
    const feed = fromNumbers('float32', [3], [-5, 0.5, 5]);
    const bound = (v: number): Value => literal('float32', [], [v]);
    const low = input('low', { dtype: 'float32', shape: [] });
    const six = onnx('Clip', 6, [x], { min: -1, max: 1 });
    assert.deepEqual(evaluate(six, [x], [feed]), [-1, 0.5, 1]);
    assert.deepEqual(onnx('Clip', 11, [x, null, bound(2)]).node!.attrs, { lo: -Infinity, hi: 2 });
    const open = onnx('Clip', 13, [x, low, bound(2)]);
    assert.deepEqual(evaluate(open, [x, low], [feed, fromNumbers('float32', [], [1])]), [1, 1, 2]);
    const ints = onnx('Clip', 12, [i64(-5, 9), literal('int64', [], [0]), null]);
    assert.deepEqual(evaluate(ints, [], []), [0, 9]);
  });
  it('reads attributes with their defaults', () => {
    const x = f32(2);
    assert.deepEqual(onnx('LeakyRelu', 13, [x]).node!.attrs, { alpha: 0.01 });
    assert.deepEqual(onnx('Gelu', 20, [x], { approximate: 'tanh' }).node!.attrs, {
      approximate: 'tanh',
    });
    assert.deepEqual(onnx('Cast', 13, [x], { to: 7 }).node!.attrs, { to: 'int64' });
    assert.deepEqual(onnx('CastLike', 15, [x, i64(1)]).node!.attrs, { to: 'int64' });
    assert.equal(onnx('Swish', 24, [x]).node!.op, ops.Silu);
  });
});

describe('Chain', () => {
  it('has the type and value of its last stage', () => {
    const stages = [
      { op: ops.Add as OpDef, attrs: {}, args: [0, 1] },
      { op: ops.Less as OpDef, attrs: {}, args: [2, 1] },
    ];
    const [a, b] = [f32(2, 3), f32(3)];
    const v = apply(ops.Chain, { stages }, [a, b]);
    assert.deepEqual([dtypeOf(v), shapeOf(v)], ['bool', [2, 3]]);
    const feeds = [
      fromNumbers('float32', [2, 3], [1, -1, 0, -2, 2, -3]),
      fromNumbers('float32', [3], [5, 5, 5]),
    ];
    assert.deepEqual(evaluate(v, [a, b], feeds), [0, 1, 0, 1, 0, 1]);
  });
});
