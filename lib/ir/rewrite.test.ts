import assert from 'node:assert/strict';
import { newSymbol, symbolDim } from '../tensor/dim.js';
import { broadcast } from '../tensor/shape.js';
import { apply, applyAll, literal } from './build.js';
import { type Fact, type Graph, type Value, input, isTensorType } from './graph.js';
import { type OpDef, defineOp } from './op.js';
import { runPasses, rules } from './pass.js';
import { any, as, constScalar, lit, oneOf, pat, patIf } from './pattern.js';
import { histogram, printGraph } from './print.js';
import { type LogEntry, mapGraph, nodeRule, rule } from './rewrite.js';
import { verifyGraph } from './verify.js';

const shapeOf = (f: Fact | null | undefined) =>
  f && isTensorType(f.type) ? f.type.shape : assert.fail();
const elementwise = (name: string, commutative = false): OpDef<{ k?: number }> =>
  defineOp<{ k?: number }>({
    name,
    traits: commutative ? ['elementwise', 'commutative'] : ['elementwise'],
    infer: (inputs) => [
      { type: { dtype: 'float32', shape: broadcast(...inputs.map(shapeOf)) ?? assert.fail() } },
    ],
  });
const Add = elementwise('Add', true);
const Mul = elementwise('Mul', true);
const Sub = elementwise('Sub');
const Neg = elementwise('Neg');
const Halves = defineOp<object>({
  name: 'Halves',
  infer: (inputs) => [0, 1].map(() => ({ type: inputs[0]!.type })),
});
const Invent = defineOp<object>({
  name: 'Invent',
  infer: (_, __, ctx) => [{ type: { dtype: 'float32', shape: [ctx.fresh('k')] } }],
});

const f32 = (...shape: number[]) => ({ dtype: 'float32' as const, shape });
const scalar = (x: number): Value => literal('float32', [], [x]);
const graphOf = (inputs: readonly Value[], ...outputs: readonly Value[]): Graph => ({
  inputs,
  outputs,
  outputNames: outputs.map((_, i) => `y${i}`),
});
const run = (graph: Graph, list: Parameters<typeof rules>[1], options = {}): Graph =>
  runPasses(graph, [rules('test', list)], { verify: true, ...options });

const timesOne = rule('times-one', pat(Mul, any('x'), lit(1)), ({ x }) => x);
const negNeg = rule('neg-neg', pat(Neg, pat(Neg, any('x'))), ({ x }) => x, { shared: true });

describe('patterns', () => {
  const x = input('x', f32(4));
  const y = input('y', f32(4));

  it('match commutative ops in both orders, others in one', () => {
    for (const v of [apply(Mul, {}, [x, scalar(1)]), apply(Mul, {}, [scalar(1), x])])
      assert.equal(run(graphOf([x], v), [timesOne]).outputs[0], x);
    const minus = rule('sub', pat(Sub, any('x'), lit(0)), ({ x }) => x);
    const kept = graphOf([x], apply(Sub, {}, [scalar(0), x]));
    assert.equal(run(kept, [minus]), kept);
  });

  it('want the same value for a repeated capture', () => {
    const square = rule('square', pat(Mul, any('x'), any('x')), ({ x }) => apply(Neg, {}, [x]));
    assert.equal(histogram(run(graphOf([x], apply(Mul, {}, [x, x])), [square])), 'Neg 1');
    assert.equal(histogram(run(graphOf([x, y], apply(Mul, {}, [x, y])), [square])), 'Mul 1');
  });

  it('backtrack over the order of inner operands', () => {
    // (a·b) − b: the inner product fits only in its second order
    const p = rule('p', pat(Sub, pat(Mul, any('p'), any('q')), any('p')), ({ q }) => q);
    const v = apply(Sub, {}, [apply(Mul, {}, [x, y]), y]);
    assert.equal(run(graphOf([x, y], v), [p]).outputs[0], x);
  });

  it('capture numbers, inner values, alternatives and conditions', () => {
    const p = rule(
      'p',
      pat(
        Add,
        as(
          'n',
          patIf(Neg, (a) => a.k === 2, any('x')),
        ),
        constScalar('c'),
      ),
      ({ n, x, c }) => apply(Neg, { k: c }, [n === x ? n : x]),
    );
    const make = (k: number) => apply(Add, {}, [apply(Neg, { k }, [x]), scalar(7)]);
    assert.match(printGraph(run(graphOf([x], make(2)), [p])), /^%1 = Neg\(x\) \{k: 7\}/m);
    assert.match(printGraph(run(graphOf([x], make(3)), [p])), /Add/);
    const either = rule('e', oneOf(pat(Neg, any('x')), pat(Add, any('x'), lit(0))), ({ x }) => x);
    assert.equal(
      run(graphOf([x], apply(Add, {}, [scalar(0), apply(Neg, {}, [x])])), [either]).outputs[0],
      x,
    );
  });

  it('forgive the rounding of a literal', () => {
    const p = rule('p', pat(Mul, any('x'), lit(Math.SQRT2)), ({ x }) => x);
    const times = (c: number) => graphOf([x], apply(Mul, {}, [x, scalar(c)]));
    assert.equal(run(times(1.4142135), [p]).outputs[0], x);
    assert.notEqual(run(times(1.4143), [p]).outputs[0], x);
  });
});

describe('rewriteGraph', () => {
  const x = input('x', f32(4));

  it('reaches a fixed point and keeps sharing', () => {
    let v: Value = x;
    for (let i = 0; i < 2001; i++) v = apply(Neg, {}, [v]);
    const shared = apply(Mul, {}, [v, scalar(1)]);
    const g = run(graphOf([x], apply(Add, {}, [shared, apply(Sub, {}, [shared, shared])])), [
      timesOne,
      negNeg,
    ]);
    assert.equal(histogram(g), 'Add 1, Neg 1, Sub 1');
  });

  it('returns the same graph when nothing fires', () => {
    const g = graphOf([x], apply(Neg, {}, [x]));
    assert.equal(run(g, [timesOne]), g);
  });

  it('leaves values alone that others use, unless the rule may share', () => {
    const inner = apply(Neg, {}, [x]);
    const g = graphOf([x], apply(Neg, {}, [inner]), inner);
    const owning = rule('owning', pat(Neg, pat(Neg, any('x'))), ({ x }) => x);
    const log: LogEntry[] = [];
    assert.equal(run(g, [owning], { log: (e: LogEntry) => log.push(e) }), g);
    assert.match(log[0]!.reason!, /other users/);
    assert.deepEqual(run(g, [negNeg]).outputs, [x, inner]);
  });

  it('counts users that an earlier rewrite added', () => {
    // doubling: a → a + a' gives the inner Neg a second user in the same sweep
    const inner = apply(Neg, {}, [x]);
    const double = rule(
      'double',
      patIf(Mul, () => true, any('a'), lit(2)),
      ({ a }) => apply(Add, {}, [a, apply(Sub, {}, [a, scalar(0)])]),
    );
    const owning = rule('owning', pat(Neg, pat(Neg, any('x'))), ({ x }) => x);
    const twice = apply(Mul, {}, [inner, scalar(2)]);
    const g = run(graphOf([x], twice, apply(Neg, {}, [inner])), [double, owning]);
    assert.equal(histogram(g), 'Neg 2, Add 1, Sub 1');
  });

  it('merges origins and keeps names', () => {
    const a = apply(Neg, {}, [x], { origin: ['a'] });
    const b = apply(Mul, {}, [a, scalar(3)], { origin: ['b'], names: ['out'] });
    const p = rule('p', pat(Mul, pat(Neg, any('x')), constScalar('c')), ({ x, c }) =>
      apply(Neg, { k: c }, [x]),
    );
    const v = run(graphOf([x], b), [p]).outputs[0]!;
    assert.deepEqual([v.name, v.node!.origin], ['out', ['b', 'a']]);
  });

  it('refuses a replacement of another type and says why', () => {
    const p = rule('p', pat(Mul, any('x'), any('y')), ({ x }) => x);
    const y = input('y', f32(3, 4));
    const log: LogEntry[] = [];
    const g = graphOf([x, y], apply(Mul, {}, [x, y], { origin: ['m'] }));
    assert.equal(run(g, [p], { log: (e: LogEntry) => log.push(e) }), g);
    assert.deepEqual(log, [
      { pass: 'test', rule: 'p', at: "Mul 'm'", reason: 'the replacement has another type' },
    ]);
  });

  it('ends rules that run in a circle', () => {
    const there = rule('there', pat(Add, any('x'), any('y')), ({ x, y }) => apply(Mul, {}, [x, y]));
    const back = rule('back', pat(Mul, any('x'), any('y')), ({ x, y }) => apply(Add, {}, [x, y]));
    assert.throws(() => run(graphOf([x], apply(Add, {}, [x, x])), [there, back]), {
      code: 'HAIO_E_PASS',
      message: /'test': .*do not end/,
    });
  });

  it('replaces all outputs of a node', () => {
    const [a, b] = applyAll(Halves, {}, [x]);
    const split = nodeRule('split', [Halves], ({ inputs }) => [
      apply(Neg, {}, [inputs[0]!]),
      inputs[0]!,
    ]);
    const g = run(graphOf([x], apply(Add, {}, [a!, b!])), [split]);
    assert.equal(printGraph(g).includes('%2 = Add(%1, x)'), true);
  });

  it('keeps sizes that infer invented', () => {
    const v = apply(Invent, {}, [apply(Mul, {}, [x, scalar(1)])]);
    const g = run(graphOf([x], v), [timesOne]);
    assert.equal(shapeOf(g.outputs[0]!.fact)[0], shapeOf(v.fact)[0]);
    assert.equal(g.outputs[0]!.node!.inputs[0], x);
  });
});

describe('runPasses', () => {
  const x = input('x', f32(4));
  const g = graphOf([x], apply(Neg, {}, [apply(Neg, {}, [apply(Mul, {}, [x, scalar(1)])])]));
  const passes = [rules('first', [timesOne]), rules('second', [negNeg])];
  const after = (options: object) => histogram(runPasses(g, passes, options));

  it('can be switched off, stopped and limited', () => {
    assert.equal(after({}), '');
    assert.equal(after({ off: ['second'] }), 'Neg 2');
    assert.equal(after({ off: ['times-one'] }), 'Mul 1');
    assert.equal(after({ off: ['first', 'second'] }), 'Neg 2, Mul 1');
    assert.equal(after({ stopAfter: 'first' }), 'Neg 2');
    assert.equal(after({ limit: 0 }), 'Neg 2, Mul 1');
    assert.equal(after({ limit: 1 }), 'Neg 2');
    assert.throws(() => after({ stopAfter: 'x' }), { code: 'HAIO_E_NAME' });
  });

  it('names the pass that broke an invariant', () => {
    const bad = {
      name: 'bad',
      run: (h: Graph): Graph => ({ ...h, outputs: [input('z', f32(4))] }),
    };
    assert.throws(() => runPasses(g, [...passes, bad], { verify: true }), {
      code: 'HAIO_E_PASS',
      message: "pass 'bad': inputs: value 'z' comes from nowhere",
    });
  });
});

describe('verifyGraph', () => {
  const x = input('x', f32(4));

  it('finds cycles, wrong slots, wrong facts and changed outputs', () => {
    const good = apply(Neg, {}, [x]);
    const g = graphOf([x], good);
    assert.equal(verifyGraph(g), null);
    const own = { ...good, node: { ...good.node!, inputs: [] as Value[], outputs: [] as Value[] } };
    own.node.outputs.push(own);
    own.node.inputs.push(own);
    assert.match(verifyGraph(graphOf([x], own))!, /^acyclic/);
    assert.match(verifyGraph(graphOf([x], { ...good, slot: 1 }))!, /^slots/);
    const lie = {
      ...good,
      fact: { type: f32(5) },
      node: { ...good.node!, outputs: [] as Value[] },
    };
    lie.node.outputs.push(lie);
    assert.match(verifyGraph(graphOf([x], lie))!, /^facts: .*float32\[5\], inferred float32\[4\]/);
    const wide = graphOf(
      [x],
      apply(Add, {}, [x, literal('float32', [2, 4], new Array(8).fill(0))]),
    );
    assert.match(verifyGraph(wide, g)!, /^outputs: output 'y0' was float32\[4\]/);
  });
});

describe('printGraph', () => {
  it('shows sizes, constants and attributes', () => {
    const n = symbolDim(newSymbol('n'));
    const x = input('x', { dtype: 'float32', shape: [n, 4] });
    const v = apply(
      Add,
      { k: 1.5 },
      [apply(Mul, {}, [x, scalar(0.1)]), literal('float32', [9, 1, 4], new Array(36).fill(1))],
      { origin: ['node'] },
    );
    assert.equal(
      printGraph(graphOf([x], v), { origins: true }),
      [
        'input x: float32[n,4]',
        '%1 = Mul(x, float32[]{0.1}): float32[n,4]',
        '%2 = Add(%1, float32[9,1,4]) {k: 1.5}: float32[9,n,4] # node',
        'output y0 = %2',
        '',
      ].join('\n'),
    );
  });
});

describe('mapGraph', () => {
  it('rebuilds users only', () => {
    const x = input('x', f32(4));
    const left = apply(Neg, {}, [x]);
    const right = apply(Mul, {}, [x, scalar(2)]);
    const g = graphOf([x], left, apply(Neg, {}, [right]));
    const h = mapGraph(g, (n) => (n.op.name === 'Mul' ? [n.inputs[0]!] : null));
    assert.equal(h.outputs[0], left);
    assert.equal(h.outputs[1]!.node!.inputs[0], x);
  });
});
