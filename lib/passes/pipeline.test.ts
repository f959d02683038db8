/** All passes on random graphs: nothing they do changes a result or breaks an invariant. */
import { apply, applyAll, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import * as ops from '../ops/index.js';
import { channelsFirst, channelsLast } from '../ops/layout.js';
import { broadcast, sameShape } from '../tensor/shape.js';
import { PASSES } from './index.js';
import { reshaped, sizes } from './shapes.js';
import { graphOf, optimized, random, transpose, weight, x32 } from './support.test.js';

type Plain = OpDef<Readonly<Record<string, never>>>;
const UNARY = [
  ops.Relu,
  ops.Sigmoid,
  ops.Tanh,
  ops.Abs,
  ops.Neg,
  ops.Erf,
  ops.Softplus,
  ops.HardSwish,
  ops.Silu,
] as const satisfies readonly Plain[];
const BINARY = [ops.Add, ops.Mul, ops.Sub, ops.Min, ops.Max] as const satisfies readonly Plain[];
const CONSTANTS = [0, 1, 2, 0.5, 6, 3, -1, 1 / 6];

class Maker {
  readonly next: () => number;
  readonly values: Value[];
  constructor(seed: number) {
    this.next = random(seed);
    this.values = [x32(2, 4, 3, 4), x32(2, 4, 3, 4), x32(2, 6, 4)];
  }
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!;
  }
  /** a recent value more often, so that graphs get deep */
  value(): Value {
    const recent = this.values.slice(-4);
    return this.next() < 0.6 ? this.pick(recent) : this.pick(this.values);
  }
  axis(v: Value): number {
    return Math.floor(this.next() * shapeOf(v).length);
  }

  readonly #kinds: readonly (() => Value | null)[] = [
    () => apply(this.pick(UNARY), {}, [this.value()]),
    () =>
      apply(this.pick(BINARY), {}, [this.value(), literal('float32', [], [this.pick(CONSTANTS)])]),
    () => apply(ops.Div, {}, [this.value(), literal('float32', [1], [this.pick([2, 3, 6])])]),
    () => apply(ops.Clip, { lo: this.pick([0, -1]), hi: this.pick([6, 1]) }, [this.value()]),
    () => {
      const [a, b] = [this.value(), this.value()];
      return broadcast(shapeOf(a), shapeOf(b)) ? apply(this.pick(BINARY), {}, [a, b]) : null;
    },
    () => {
      // scale or shift along one axis, as batch norm leaves it
      const v = this.value();
      const axis = this.axis(v);
      const shape = shapeOf(v).map((d, i) => (i === axis ? Number(d) : 1));
      return apply(this.pick([ops.Add, ops.Mul]), {}, [
        v,
        weight(...shape.slice(this.next() < 0.5 ? axis : 0)),
      ]);
    },
    () => {
      const v = this.value();
      const perm = shapeOf(v).map((_, i) => i);
      for (let i = perm.length - 1; i > 0; i--) {
        const j = Math.floor(this.next() * (i + 1));
        [perm[i], perm[j]] = [perm[j]!, perm[i]!];
      }
      return transpose(v, ...perm);
    },
    () => {
      const v = this.value();
      const [shape, at] = [shapeOf(v) as number[], this.axis(v)];
      if (this.next() < 0.5 && shape[at]! % 2 === 0)
        return reshaped(v, [...shape.slice(0, at), 2, shape[at]! / 2, ...shape.slice(at + 1)]);
      const merged = [
        ...shape.slice(0, at),
        shape[at]! * (shape[at + 1] ?? 1),
        ...shape.slice(at + 2),
      ];
      return reshaped(v, merged);
    },
    () => {
      const v = this.value();
      const same = this.values.filter((w) => sameShape(shapeOf(w), shapeOf(v)));
      return apply(ops.Concat, { axis: this.axis(v) }, [v, this.pick(same)]);
    },
    () => {
      const v = this.value();
      const axis = this.axis(v);
      if (Number(shapeOf(v)[axis]) % 2 !== 0) return null;
      return this.pick(
        applyAll(ops.Split, { axis, count: 2 }, [v, null], { wanted: [true, true] }),
      );
    },
    () => {
      const v = this.value();
      return apply(ops.Slice, { axes: [this.axis(v)], steps: [1] }, [
        v,
        sizes([0]),
        sizes([this.pick([1, 2, 9])]),
      ]);
    },
    () => {
      const v = this.value();
      return shapeOf(v).length > 1
        ? apply(ops.ReduceMean, { axes: [this.axis(v)], keepdims: this.next() < 0.7 }, [v])
        : null;
    },
    () => {
      const v = this.value();
      return apply(ops.Softmax, { axis: this.axis(v) }, [v]);
    },
    () => {
      const v = this.value();
      if (shapeOf(v).length < 2) return null;
      return apply(ops.MatMul, { stages: [] }, [
        v,
        weight(Number(shapeOf(v).at(-1)), this.pick([2, 4])),
      ]);
    },
    () => {
      const v = this.value();
      const shape = shapeOf(v) as number[];
      if (shape.length !== 4) return null;
      const kernel = this.pick([1, 3]);
      const pad = [(kernel - 1) / 2, (kernel - 1) / 2] as const;
      const c = shape[1]!;
      const group = this.next() < 0.3 ? c : 1;
      const w = weight(group === 1 ? this.pick([2, 4]) : c, c / group, kernel, kernel);
      const attrs = {
        kernel: [kernel, kernel],
        strides: [1, 1],
        dilations: [1, 1],
        pads: [pad, pad],
        group,
        stages: [],
      };
      const bias = this.next() < 0.5 ? weight(Number(shapeOf(w)[0])) : null;
      return channelsFirst(apply(ops.Conv, attrs, [channelsLast(v), w, bias]));
    },
    () => {
      const v = this.value();
      const mask = apply(ops.Greater, {}, [v, literal('float32', [], [0])]);
      const w = apply(this.pick(UNARY), {}, [v]);
      return this.next() < 0.5
        ? apply(ops.Where, {}, [mask, v, w])
        : apply(ops.Cast, { to: 'float32' }, [mask]);
    },
  ];

  step(): void {
    const v = this.pick(this.#kinds)();
    const count = v ? shapeOf(v).reduce<number>((p, d) => p * Number(d), 1) : 0;
    if (v && count > 0 && count <= 2000 && shapeOf(v).length <= 6 && dtypeOf(v) === 'float32')
      this.values.push(v);
  }
}

describe('the pipeline on random graphs', () => {
  for (let block = 0; block < 10; block++)
    it(`seeds from ${block * 20}`, () => {
      for (let seed = block * 20; seed < block * 20 + 20; seed++) {
        const maker = new Maker(seed);
        for (let i = 0; i < 25; i++) maker.step();
        const graph = graphOf(...maker.values.slice(-3));
        try {
          optimized(graph, PASSES, { tolerance: 1e-3 });
        } catch (e) {
          throw new Error(`seed ${seed}: ${(e as Error).message}`, { cause: e });
        }
      }
    });
});
