import assert from 'node:assert/strict';
import { apply, applyAll } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { rules } from '../ir/pass.js';
import { Concat } from '../ops/concat.js';
import { channelsFirst, channelsLast } from '../ops/layout.js';
import { MaxPool } from '../ops/max-pool.js';
import { ReduceMean } from '../ops/reduce-mean.js';
import { Softmax } from '../ops/softmax.js';
import { Split } from '../ops/split.js';
import { sameShape } from '../tensor/shape.js';
import { reshaped } from './shapes.js';
import { LATE_VIEW_RULES, VIEW_RULES } from './simplify-views.js';
import { sinkTransposes } from './sink-transposes.js';
import { leaves, optimized, random, graphOf, transpose, x32 } from './support.test.js';

const passes = [
  rules('before', VIEW_RULES),
  sinkTransposes,
  rules('after', [...VIEW_RULES, ...LATE_VIEW_RULES]),
];
const pool = (v: Value): Value =>
  channelsFirst(
    apply(
      MaxPool,
      {
        kernel: [2, 2],
        strides: [1, 1],
        dilations: [1, 1],
        pads: [
          [0, 1],
          [0, 1],
        ],
        ceil: false,
        indices: 'none',
      },
      [channelsLast(v)],
    ),
  );

describe('sink-transposes', () => {
  it('leaves one Transpose at each end of a run of image ops', () => {
    const x = x32(1, 3, 4, 5);
    leaves(
      passes,
      apply(Softmax, { axis: 1 }, [pool(pool(x))]),
      'MaxPool 2, Transpose 2, Softmax 1',
    );
  });

  it('passes concatenations, splits and reductions', () => {
    const x = x32(1, 4, 4, 5);
    const [a, b] = applyAll(Split, { axis: 1, count: 2 }, [pool(x), null], {
      wanted: [true, true],
    });
    const both = apply(Concat, { axis: 1 }, [pool(b!), a!, pool(x)]);
    const mean = apply(ReduceMean, { axes: [2, 3], keepdims: true }, [both]);
    leaves(passes, mean, 'MaxPool 3, Concat 1, ReduceMean 1, Reshape 1, Split 1, Transpose 1');
  });

  it('removes those around an NHWC model', () => {
    const x = x32(1, 4, 5, 3);
    leaves(passes, transpose(pool(transpose(x, 0, 3, 1, 2)), 0, 2, 3, 1), 'MaxPool 1');
  });

  it('keeps one for a channel shuffle', () => {
    const x = x32(1, 4, 5, 6);
    const grouped = reshaped(pool(transpose(x, 0, 3, 1, 2)), [1, 2, 3, 4, 5]);
    const shuffled = reshaped(transpose(grouped, 0, 2, 1, 3, 4), [1, 6, 4, 5]);
    leaves(passes, transpose(pool(shuffled), 0, 2, 3, 1), 'MaxPool 2, Reshape 2, Transpose 1');
  });

  it('goes upward where that is the only way', () => {
    // tokens → image: the Transpose of the tokens and the one before the image op cancel
    const tokens = x32(2, 20, 3);
    const image = reshaped(transpose(tokens, 0, 2, 1), [2, 3, 4, 5]);
    leaves(passes, transpose(pool(image), 0, 2, 3, 1), 'MaxPool 1, Reshape 1');
  });

  it('never moves more elements than before', () => {
    const cost = (v: Value): number => shapeOf(v).reduce<number>((p, d) => p * Number(d), 1);
    for (let seed = 0; seed < 60; seed++) {
      const graph = graphOf(...randomOutputs(seed));
      const count = (vs: readonly Value[]): number => {
        const seen = new Set<Value>();
        const stack = [...vs];
        let sum = 0;
        for (let v = stack.pop(); v; v = stack.pop()) {
          if (seen.has(v)) continue;
          seen.add(v);
          if (v.node?.op.name === 'Transpose') sum += cost(v);
          for (const w of v.node?.inputs ?? []) if (w) stack.push(w);
        }
        return sum;
      };
      const after = optimized(graph, passes);
      assert.ok(count(after.outputs) <= count(graph.outputs), `seed ${seed}`);
    }
  });
});

/** A random graph of moving ops, reductions and softmax on [2,3,4,5]-like tensors. */
function randomOutputs(seed: number): Value[] {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const values: Value[] = [x32(2, 4, 3, 5), x32(2, 4, 3, 5)];
  for (let i = 0; i < 12; i++) {
    const v = pick(values);
    const shape = shapeOf(v) as number[];
    const rank = shape.length;
    const axis = Math.floor(next() * rank);
    const kind = Math.floor(next() * 7);
    if (kind < 2) {
      const perm = shape.map((_, k) => k);
      for (let k = rank - 1; k > 0; k--) {
        const j = Math.floor(next() * (k + 1));
        [perm[k], perm[j]] = [perm[j]!, perm[k]!];
      }
      values.push(transpose(v, ...perm));
    } else if (kind === 2) values.push(apply(Softmax, { axis }, [v]));
    else if (kind === 3) {
      const same = values.filter((w) => sameShape(shapeOf(w), shape));
      values.push(apply(Concat, { axis }, [v, pick(same)]));
    } else if (kind === 4 && rank > 2)
      values.push(apply(ReduceMean, { axes: [axis], keepdims: next() < 0.5 }, [v]));
    else if (kind === 5 && rank > 1) {
      const at = Math.floor(next() * (rank - 1));
      values.push(
        reshaped(v, [...shape.slice(0, at), shape[at]! * shape[at + 1]!, ...shape.slice(at + 2)]),
      );
    } else if (kind === 6 && shape[axis]! % 2 === 0)
      values.push(
        reshaped(v, [...shape.slice(0, axis), 2, shape[axis]! / 2, ...shape.slice(axis + 1)]),
      );
  }
  return values.slice(-3);
}
