import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FakeAddon, type FakeKernel } from '../../test/fake-addon.js';
import { runPlan } from '../../test/run-plan.js';
import { HaioError } from '../errors.js';
import { apply, applyAll, literal } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Graph, type Value, input, isTensorType } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import { copyTo } from '../ops/moving.js';
import { Reshape } from '../ops/reshape.js';
import { Transpose } from '../ops/transpose.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { bindInputs, bindRegion, memoryOf } from './bind.js';
import { buildModel } from './build.js';
import { openModel } from './decode.js';
import { explainModel } from './explain.js';
import type { CompiledModel, NativeRegion } from './plan.js';

type Shape = readonly Dim[];
const typeOf = (f: { type: unknown } | null | undefined): { dtype: 'float32'; shape: Shape } =>
  f!.type as { dtype: 'float32'; shape: Shape };
const map = (t: Tensor, f: (x: number, i: number) => number): Tensor =>
  fromNumbers(t.dtype, t.shape, toNumbers(t).map(f));

/** x + 1, in place where it may */
const Inc = defineOp<object>({
  name: 'Inc',
  infer: ([x]) => [x!],
  eval: ([x]) => [map(x!, (v) => v + 1)],
  lower: (_, l) =>
    l.emit({
      kernel: 'inc.f32',
      params: { step: 1 },
      inputs: [l.in(0)],
      outputs: [l.out()],
      items: product(l.out().shape),
      inplace: [0],
    }),
});
/** a + b, same shapes */
const Plus = defineOp<object>({
  name: 'Plus',
  infer: ([a]) => [a!],
  eval: ([a, b]) => [map(a!, (v, i) => v + toNumbers(b!)[i]!)],
  cost: (node) => ({ flops: product(typeOf(node.outputs[0]!.fact).shape), bytes: 0 }),
  lower: (_, l) =>
    l.emit({
      kernel: 'plus.f32',
      params: {},
      inputs: [l.rows(l.in(0)), l.rows(l.in(1))],
      outputs: [l.out()],
      items: 1,
      inplace: [0, 1],
    }),
});
/** concatenation along axis 1 of [n, c] tensors */
const partsOf = (inputs: readonly (Value | null)[], out: Operand): Operand[] => {
  let at: Dim = 0;
  return inputs.map((v) => {
    const { shape } = typeOf(v!.fact);
    const part = {
      ...out,
      shape,
      offset: D.add(out.offset, D.mul(at, out.strides[1]!)),
    };
    at = D.add(at, shape[1]!);
    return part;
  });
};
const Cat: OpDef<object> = defineOp<object>({
  name: 'Cat',
  infer: (inputs) => {
    const { dtype, shape } = typeOf(inputs[0]);
    const sum = inputs.reduce<Dim>((s, f) => D.add(s, typeOf(f).shape[1]!), 0);
    return [{ type: { dtype, shape: [shape[0]!, sum] } }];
  },
  eval(inputs) {
    const rows = inputs[0]!.shape[0]!;
    const data: number[] = [];
    for (let r = 0; r < rows; r++)
      for (const t of inputs) {
        const c = t!.shape[1]!;
        data.push(...toNumbers(t!).subarray(r * c, (r + 1) * c));
      }
    const columns = inputs.reduce((sum, t) => sum + t!.shape[1]!, 0);
    return [fromNumbers('float32', [rows, columns], data)];
  },
  parts: (node, out) => partsOf(node.inputs, out),
  lower(node, l) {
    partsOf(node.inputs, l.out()).forEach((part, i) => copyTo(l, l.in(i), part));
  },
});
/** rows that start with a positive number: how many there are, only the data tells */
const Positive = defineOp<object>({
  name: 'Positive',
  infer: ([x], _, ctx) => [
    { type: { dtype: 'float32', shape: [ctx.fresh('kept'), typeOf(x).shape[1]!] } },
  ],
  eval([x]) {
    const [rows, c] = x!.shape as [number, number];
    const all = toNumbers(x!);
    const kept = [...Array(rows).keys()].filter((r) => all[r * c]! > 0);
    const data = kept.flatMap((r) => [...all.subarray(r * c, (r + 1) * c)]);
    return [fromNumbers('float32', [kept.length, c], data)];
  },
});
/** the sizes of x as float32 numbers plus 0.5: reads elements known from facts */
const Sizes = defineOp<object>({
  name: 'Sizes',
  infer: ([x]) => [{ type: { dtype: 'int64', shape: [1, 2] }, value: [...typeOf(x).shape] }],
  eval: ([x]) => [fromNumbers('int64', [1, 2], x!.shape)],
});
const Half = defineOp<object>({
  name: 'Half',
  infer: ([x]) => [{ type: { dtype: 'float32', shape: typeOf(x).shape } }],
  eval: ([x]) => [
    fromNumbers(
      'float32',
      x!.shape,
      toNumbers(x!).map((v) => v / 2),
    ),
  ],
  lower: (_, l) =>
    l.emit({
      kernel: 'half.f32',
      params: {},
      inputs: [l.in(0)],
      outputs: [l.out()],
      items: 1,
    }),
});
const OPS: readonly unknown[] = [Inc, Plus, Cat, Positive, Sizes, Half, Reshape, Transpose];
const find = (name: string): OpDef | undefined => (OPS as OpDef[]).find((op) => op.name === name);

const KERNELS: Record<string, FakeKernel> = {
  'inc.f32': {
    signature: 'step:f32',
    run: ({ step }, [x], [y]) => y!.write((x!.read() as number[]).map((v) => v + step!)),
  },
  'plus.f32': {
    signature: '',
    run: (_, [a, b], [y]) => {
      const other = b!.read() as number[];
      y!.write((a!.read() as number[]).map((v, i) => v + other[i]!));
    },
  },
  'half.f32': {
    signature: '',
    run: (_, [x], [y]) => y!.write((x!.read() as bigint[]).map((v) => Number(v) / 2)),
  },
};

const graphOf = (inputs: Value[], outputs: Value[]): Graph => ({
  inputs,
  outputs,
  outputNames: outputs.map((_, i) => `y${i}`),
});
const natives = (m: CompiledModel): NativeRegion[] =>
  m.regions.flatMap((r) => (r.kind === 'native' ? [r] : []));

interface Built {
  fake: FakeAddon;
  model: CompiledModel;
  meta: ReturnType<typeof buildModel>['meta'];
}
function build(graph: Graph, kernels = KERNELS): Built {
  const fake = new FakeAddon(kernels);
  const { model, meta } = buildModel(graph, { native: fake.addon, isa: '' });
  return { fake, model: openModel(fake.addon, model, find), meta };
}
const filled = (shape: readonly number[], k: number): Tensor =>
  fromNumbers(
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i * 3 - 7 + k),
  );
/** Compiles, runs at these input shapes and compares with `evalGraph`. */
function sameAt(built: Built, graph: Graph, shapes: readonly (readonly number[])[]): void {
  const feeds = shapes.map(filled);
  const expected = evalGraph(graph, feeds);
  const got = runPlan(built.fake.addon, built.model, feeds, { isa: '', threads: 1 });
  got.forEach((t, i) => {
    assert.deepEqual(t.shape, expected[i]!.shape);
    assert.deepEqual([...t.data], [...expected[i]!.data]);
  });
}
function same(graph: Graph, ...shapes: number[][][]): Built {
  const built = build(graph);
  for (const list of shapes) sameAt(built, graph, list);
  return built;
}

const matrix = (name: string, shape: Dim[]): Value => input(name, { dtype: 'float32', shape });
const n = (): Dim => D.symbolDim(D.newSymbol('n', { typical: 3 }));
const inc = (v: Value): Value => apply(Inc, {}, [v], { origin: ['inc'] });
const plus = (a: Value, b: Value): Value => apply(Plus, {}, [a, b]);
const cat = (...v: Value[]): Value => apply(Cat, {}, v);
const turn = (v: Value): Value => apply(Transpose, { perm: [1, 0] }, [v]);

describe('plan: build, open, bind', () => {
  it('runs a chain of steps in place, at any size of a symbol', () => {
    const x = matrix('x', [n(), 2]);
    const a = inc(x);
    const b = inc(a);
    const c = inc(b);
    const { model, meta } = same(graphOf([x], [inc(plus(c, c))]), [[1, 2]], [[4, 2]], [[0, 2]]);
    assert.equal(meta.steps, 5);
    const [region] = natives(model);
    assert.equal(region!.order.length, 1, 'one buffer is enough');
    const feed = fromNumbers('float32', [5, 2], new Array<number>(10).fill(1));
    const bound = bindRegion(model, region!, bindInputs(model, [feed]));
    assert.equal(bound.arenaBytes, 64);
    assert.deepEqual(memoryOf(region!, bound.words), { lowerBound: 64, sum: 160 });
    assert.ok(bound.micros > 0);
  });

  it('does not overwrite what is still needed', () => {
    const x = matrix('x', [2, 2]);
    const a = inc(x);
    const b = inc(a);
    const { model } = same(graphOf([x], [plus(inc(b), a)]), [[2, 2]]);
    assert.equal(natives(model)[0]!.order.length, 2);
  });

  it('writes the parts of concatenations in place, nested ones too', () => {
    const x = matrix('x', [n(), 2]);
    const y = matrix('y', [typeOf(x.fact).shape[0]!, 3]);
    const inner = cat(inc(x), inc(y));
    const outer = cat(inner, plus(inner, inner));
    const { meta } = same(graphOf([x, y], [outer]), [
      [2, 2],
      [2, 3],
    ]);
    assert.equal(meta.steps, 3, 'no copies');
  });

  it('copies what cannot be written in place: inputs, weights, one value twice', () => {
    const x = matrix('x', [2, 2]);
    const w = literal('float32', [2, 1], [5, 6]);
    const a = inc(x);
    const { meta } = same(graphOf([x], [cat(x, a, w, a)]), [[2, 2]]);
    assert.equal(meta.steps, 4);
  });

  it('takes views as operands and copies a turned one once', () => {
    const x = matrix('x', [n(), 3]);
    const t = turn(x);
    const { meta } = same(graphOf([x], [plus(t, t), plus(t, inc(t))]), [[2, 3]], [[1, 3]]);
    assert.equal(meta.steps, 4);
  });

  it('writes in the order that a view needs afterwards', () => {
    const heads = (v: Value): Value => apply(Transpose, { perm: [1, 0, 2] }, [v]);
    const joined = (v: Value): Value =>
      apply(Reshape, { allowzero: true }, [v, literal('int64', [2], [-1, 8])]);
    const x = input('x', { dtype: 'float32', shape: [2, n(), 4] });
    // the reshape of the turned value would be a copy; so would be the turned output
    const { meta } = same(graphOf([x], [inc(joined(heads(inc(x)))), heads(inc(x))]), [[2, 3, 4]]);
    assert.equal(meta.steps, 3);
    const shared = inc(x);
    const both = same(graphOf([x], [joined(heads(shared)), inc(shared)]), [[2, 3, 4]]);
    assert.equal(both.meta.steps, 2);
  });

  it('gives outputs that are views, inputs, constants, sizes or the same value', () => {
    const x = matrix('x', [n(), 2]);
    const a = inc(x);
    const sizes = apply(Sizes, {}, [x]);
    const w = literal('float32', [1], [4]);
    same(graphOf([x], [turn(a), x, w, a, a, sizes]), [[3, 2]]);
  });

  it('runs steps on weights while compiling, equal ones once', () => {
    const x = matrix('x', [2, 2]);
    const w = literal('float32', [2, 2], [1, 2, 3, 4]);
    const one = plus(x, inc(inc(turn(w))));
    const two = plus(one, inc(inc(turn(w))));
    const { meta, fake, model } = build(graphOf([x], [two]));
    assert.equal(meta.constantSteps, 4);
    assert.equal(fake.executed, 2);
    assert.equal(meta.steps, 2);
    assert.ok(model.bytes.weights < 2 * 64);
    same(graphOf([x], [two]), [[2, 2]]);
  });

  it('leaves out steps that nobody needs', () => {
    const x = matrix('x', [2, 2]);
    const pair = applyAll(Inc, {}, [x]);
    inc(pair[0]!);
    const { meta } = same(graphOf([x], [inc(x)]), [[2, 2]]);
    assert.equal(meta.steps, 1);
  });

  it('fills elements that facts know from sizes', () => {
    const x = matrix('x', [n(), 2]);
    const { model, meta } = same(
      graphOf([x], [apply(Half, {}, [apply(Sizes, {}, [inc(x)])])]),
      [[3, 2]],
      [[8, 2]],
    );
    assert.equal(meta.hostNodes.length, 0);
    assert.ok(model.values.some((v) => v.source.kind === 'sizes'));
  });

  it('cuts at nodes whose result sizes are data, and binds what follows', () => {
    const x = matrix('x', [n(), 2]);
    const kept = apply(Positive, {}, [inc(x)], { origin: ['keep'] });
    const y = inc(plus(kept, kept));
    const { model, meta } = same(graphOf([x], [y, inc(x)]), [[6, 2]], [[1, 2]]);
    assert.deepEqual(
      model.regions.map((r) => r.kind),
      ['native', 'host', 'native'],
    );
    assert.deepEqual(meta.hostNodes, ['Positive (keep)']);
  });

  it('makes a host node of what has no kernel', () => {
    const x = matrix('x', [2, 2]);
    const Odd = defineOp<{ k: number }>({
      ...(Inc as OpDef<{ k: number }>),
      name: 'Inc',
      lower: (_, l) =>
        l.emit({ kernel: 'none.f32', params: {}, inputs: [], outputs: [l.out()], items: 1 }),
    });
    const { meta } = same(graphOf([x], [inc(apply(Odd, { k: 1 }, [inc(x)]))]), [[2, 2]]);
    assert.equal(meta.hostNodes.length, 1);
  });

  it('runs a composite as the nodes it stands for', () => {
    const Twice: OpDef<object> = defineOp<object>({
      name: 'Twice',
      infer: ([a]) => [a!],
      decompose: (node) => [inc(inc(node.inputs[0]!))],
    });
    const FourTimes: OpDef<object> = defineOp<object>({
      name: 'FourTimes',
      infer: ([a]) => [a!],
      decompose: ({ inputs: [a] }) => [apply(Twice, {}, applyAll(Twice, {}, [a!]))],
    });
    const x = matrix('x', [n(), 2]);
    const { meta } = same(graphOf([x], [inc(apply(FourTimes, {}, [x]))]), [[2, 2]]);
    assert.deepEqual([meta.steps, meta.hostNodes], [5, []]);
  });

  it('computes what eval does: random graphs, at any size, with any kernels missing', () => {
    const program = fc.array(fc.tuple(fc.nat(5), fc.nat(20), fc.nat(20)), {
      minLength: 1,
      maxLength: 14,
    });
    const missing = fc.subarray(Object.keys(KERNELS));
    fc.assert(
      fc.property(program, fc.nat(3), fc.boolean(), missing, (steps, rows, fixed, lost) => {
        const size = fixed ? rows : n();
        const x = matrix('x', [size, 2]);
        const y = matrix('y', [size, 3]);
        const w = literal('float32', [1, 3], [1, 2, 3]);
        const values: Value[] = [x, y, w];
        const columns = (v: Value): Shape => typeOf(v.fact).shape;
        for (const [kind, i, j] of steps) {
          const a = values[i % values.length]!;
          const b = values[j % values.length]!;
          const equal = columns(a).every((d, k) => d === columns(b)[k]);
          if (kind === 0) values.push(inc(a));
          else if (kind === 1 && equal) values.push(plus(a, b));
          else if (kind === 2 && columns(a)[0] === columns(b)[0]) values.push(cat(a, b));
          else if (kind === 3) values.push(turn(a));
          else if (kind === 4) values.push(apply(Half, {}, [apply(Sizes, {}, [a])]));
          else if (kind === 5) values.push(apply(Positive, {}, [a], { origin: [`p${i}`] }));
        }
        const graph = graphOf([x, y], [values.at(-1)!, values[steps.length % values.length]!]);
        const kernels = Object.entries(KERNELS).filter(([name]) => !lost.includes(name));
        const built = build(graph, Object.fromEntries(kernels));
        sameAt(built, graph, [
          [rows, 2],
          [rows, 3],
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses inputs that do not fit, naming both shapes', () => {
    const x = matrix('x', [n(), 2]);
    const y = matrix('y', [typeOf(x.fact).shape[0]!, 1]);
    const { model } = build(graphOf([x, y], [inc(x), inc(y)]));
    const feed = (...shape: number[]): Tensor =>
      fromNumbers('float32', shape, new Array<number>(shape.reduce((a, b) => a * b)).fill(0));
    const message = (e: unknown): boolean =>
      e instanceof HaioError && e.message === "input 'x' must be float32[n,2], got float32[2,3]";
    assert.throws(() => bindInputs(model, [feed(2, 3), feed(2, 1)]), message);
    assert.throws(() => bindInputs(model, [feed(2, 2), feed(3, 1)]), /'y' must be float32\[n,1\]/);
  });

  it('explains itself', () => {
    const x = matrix('x', [n(), 2]);
    const text = explainModel(build(graphOf([x], [inc(plus(inc(x), inc(x)))])).model);
    assert.match(text, /n = 3/);
    assert.match(text, /plus\.f32 .* f32\[3,2\] f32\[3,2\] → f32\[3,2\] in place/);
    assert.match(text, /4 steps/);
    assert.ok(isTensorType(x.fact.type));
  });
});
