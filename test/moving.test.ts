/** Moving ops together: views of views, parts written in place, and what only data gets wrong. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apply, applyAll, literal } from '../lib/ir/build.js';
import { evalGraph } from '../lib/ir/eval.js';
import { type Value, input, shapeOf } from '../lib/ir/graph.js';
import { loadAddon } from '../lib/native/binding.js';
import { Concat } from '../lib/ops/concat.js';
import { Expand } from '../lib/ops/expand.js';
import { Gather } from '../lib/ops/gather.js';
import { GatherElements } from '../lib/ops/gather-elements.js';
import { Neg } from '../lib/ops/neg.js';
import { Pad } from '../lib/ops/pad.js';
import { reshaped } from '../lib/ops/reshape.js';
import { ScatterND } from '../lib/ops/scatter-nd.js';
import { Slice } from '../lib/ops/slice.js';
import { Split } from '../lib/ops/split.js';
import { Tile } from '../lib/ops/tile.js';
import { Transpose } from '../lib/ops/transpose.js';
import { bindInputs, bindRegion } from '../lib/plan/bind.js';
import { buildModel } from '../lib/plan/build.js';
import { openModel } from '../lib/plan/decode.js';
import { HEADER } from '../lib/plan/format.js';
import * as D from '../lib/tensor/dim.js';
import { type Tensor, fromNumbers, sizeOf } from '../lib/tensor/tensor.js';
import { RunFailure, runPlan } from './run-plan.js';

const addon = loadAddon();
const ints = (...values: number[]): Value => literal('int64', [values.length], values);
const numbered = (shape: readonly number[]): Tensor =>
  fromNumbers(
    'int32',
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
  );

/** Results and number of steps. */
function run(
  inputs: readonly Value[],
  outputs: readonly Value[],
  feeds: readonly Tensor[],
): { results: Tensor[]; steps: number } {
  const graph = { inputs, outputs, outputNames: outputs.map((_, i) => `y${i}`) };
  const { model } = buildModel(graph, { native: addon, isa: '' });
  try {
    const plan = openModel(addon, model);
    const sizes = bindInputs(plan, feeds);
    const steps = plan.regions.map((r) =>
      r.kind === 'host' ? 0 : bindRegion(plan, r, sizes).words[HEADER.indexOf('records')]!,
    );
    const results = runPlan(addon, plan, feeds, { isa: '', threads: 2 });
    const expected = evalGraph(graph, feeds);
    results.forEach((t, i) => assert.deepEqual(t, expected[i]));
    return { results, steps: steps.reduce((a, b) => a + b, 0) };
  } finally {
    addon.modelRelease(model);
  }
}

describe('parts in place', () => {
  const a = input('a', { dtype: 'int32', shape: [2, 3, 4] });
  const feeds = [numbered([2, 3, 4])];
  const minus = (v: Value): Value => apply(Neg, {}, [v]);
  it('are written by their producers', () => {
    const y = apply(Concat, { axis: 1 }, [minus(a), minus(minus(a))]);
    assert.equal(run([a], [y], feeds).steps, 3);
  });
  it('leave only borders to a Pad', () => {
    const zero = literal('int32', [], [7]);
    const y = apply(Pad, { mode: 'constant', axes: [1, 2] }, [minus(a), ints(1, 2, 0, 1), zero]);
    assert.equal(run([a], [y], feeds).steps, 2);
  });
  it('nest', () => {
    const zero = literal('int32', [], [7]);
    const part = apply(Pad, { mode: 'constant', axes: [2] }, [minus(a), ints(1, 2), zero]);
    const y = apply(Concat, { axis: 2 }, [part, minus(a), part]);
    run([a], [y], feeds);
  });
});

interface Choice {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}
const choice: fc.Arbitrary<Choice> = fc.record({
  kind: fc.nat(8),
  a: fc.nat(99),
  b: fc.nat(99),
  c: fc.nat(99),
});

/** One more op on v, of the sizes that the static twin has. */
function grown(v: Value, shape: readonly number[], { kind, a, b, c }: Choice): readonly Value[] {
  const rank = shape.length;
  const axis = a % rank;
  const size = shape[axis]!;
  switch (kind) {
    case 0: {
      const perm = Array.from({ length: rank }, (_, i) => i);
      for (let i = rank - 1; i > 0; i--) {
        const j = (b + i * c) % (i + 1);
        [perm[i], perm[j]] = [perm[j]!, perm[i]!];
      }
      return [apply(Transpose, { perm }, [v])];
    }
    case 1: {
      const steps = [[1, 2, -1, -2][c % 4]!];
      const [start, end] = steps[0]! > 0 ? [b % 3, 99] : [size, -99];
      return [apply(Slice, { axes: [axis], steps }, [v, ints(start), ints(end)])];
    }
    case 2:
      return [apply(Concat, { axis }, [v, v])];
    case 3: {
      const mode = (['constant', 'edge'] as const)[c % 2]!;
      const value = literal('int32', [], [-1]);
      return [apply(Pad, { mode, axes: [axis] }, [v, ints(b % 3, c % 3), value])];
    }
    case 4:
      return applyAll(Split, { axis, count: 2 }, [v], { wanted: [true, true] });
    case 5:
      return [reshaped(v, [...shape.slice(0, axis), -1])];
    case 6:
      return [apply(Tile, {}, [v, ints(...shape.map((_, i) => (i === axis ? 1 + (b % 2) : 1)))])];
    case 7: {
      const list = [b % size, c % size, -1 - (b % size)];
      return [apply(Gather, { axis }, [v, size > 0 ? ints(...list) : ints()])];
    }
    default:
      return [apply(Expand, {}, [v, ints(2, ...shape)])];
  }
}

describe('chains of moving ops', () => {
  for (const symbolic of [false, true])
    it(`give what eval gives, sizes ${symbolic ? 'symbolic' : 'known'}`, () => {
      const start = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(start, fc.array(choice, { minLength: 1, maxLength: 7 }), (first, choices) => {
          const known = input('x', { dtype: 'int32', shape: first });
          const shape = symbolic
            ? first.map((d, i) => D.symbolDim(D.newSymbol(`d${i}`, { typical: d, min: 1 })))
            : first;
          const x = input('x', { dtype: 'int32', shape });
          let twins: readonly Value[] = [known];
          let values: readonly Value[] = [x];
          const outputs: Value[] = [];
          for (const c of choices) {
            const sizes = shapeOf(twins[0]!) as number[];
            const count = sizeOf(sizes);
            if (count === 0 || count > 4000 || sizes.length === 0 || sizes.length > 6) break;
            twins = grown(twins[0]!, sizes, c);
            values = grown(values[0]!, sizes, c);
            outputs.push(...values.slice(1));
          }
          run([x], [...outputs, values[0]!], [numbered(first)]);
        }),
        { numRuns: 150 },
      );
    });
});

describe('indices outside', () => {
  const x = input('x', { dtype: 'float32', shape: [4, 5] });
  const data = fromNumbers('float32', [4, 5], new Array<number>(20).fill(1));
  const fails = (op: (i: Value) => Value, shape: readonly number[], ...indices: number[]): void => {
    const i = input('i', { dtype: 'int64', shape });
    const y = op(i);
    const graph = { inputs: [x, i], outputs: [y], outputNames: ['y'] };
    const { model } = buildModel(graph, { native: addon, isa: '' });
    const feeds = [data, fromNumbers('int64', shape, indices)];
    const plan = openModel(addon, model);
    try {
      const failed = (e: unknown): boolean => e instanceof RunFailure && e.code === 1;
      assert.throws(() => runPlan(addon, plan, feeds, { isa: '', threads: 1 }), failed);
      assert.throws(() => evalGraph(graph, feeds), { code: 'HAIO_E_DATA' });
    } finally {
      addon.modelRelease(model);
    }
  };
  it('fail the run', () => {
    fails((i) => apply(Gather, { axis: 0 }, [x, i]), [3], 0, 4, 1);
    fails((i) => apply(GatherElements, { axis: 1 }, [x, i]), [1, 2], 0, -6);
    fails(
      (i) => apply(ScatterND, { reduction: 'none' }, [x, i, literal('float32', [1], [0])]),
      [1, 2],
      0,
      9,
    );
  });
});
