/** What all moving ops promise: views are their elements, and Transposes may pass through them. */
import assert from 'node:assert/strict';
import { applyAll, literal } from '../ir/build.js';
import { evalNode } from '../ir/eval.js';
import { type Value, input } from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import type { DType } from '../tensor/dtype.js';
import { denseStrides } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { tensorOf } from '../tensor/weight.js';
import { Concat } from './concat.js';
import { CumSum } from './cum-sum.js';
import { Expand } from './expand.js';
import { Flatten } from './flatten.js';
import { GatherElements } from './gather-elements.js';
import { Gather } from './gather.js';
import { Identity } from './identity.js';
import { strided, walk } from './moving.js';
import { Pad } from './pad.js';
import { Reshape } from './reshape.js';
import { Resize } from './resize.js';
import { ScatterElements } from './scatter-elements.js';
import { Slice } from './slice.js';
import { Split } from './split.js';
import { Squeeze } from './squeeze.js';
import { TopK } from './top-k.js';
import { Transpose } from './transpose.js';
import { Unsqueeze } from './unsqueeze.js';

interface Case {
  readonly op: OpDef;
  readonly attrs: unknown;
  /** sizes of the data inputs */
  readonly shapes: readonly (readonly number[])[];
  /** further inputs */
  readonly steering?: readonly Value[];
  readonly outputs?: number;
  /** permutations that must pass; default: all */
  readonly passes?: readonly (readonly number[])[];
  readonly dtype?: DType;
}
const make = <A>(
  op: OpDef<A>,
  attrs: A,
  shapes: readonly (readonly number[])[],
  more: Omit<Case, 'op' | 'attrs' | 'shapes'> = {},
): Case => ({ op: op, attrs, shapes, ...more });
const ints = (...values: number[]): Value => literal('int64', [values.length], values);
const X = [2, 3, 4, 5];
const resize = {
  mode: 'linear',
  transform: 'half_pixel',
  nearest: 'floor',
  cubicA: -0.75,
  excludeOutside: false,
  antialias: false,
  axes: [1, 3],
  scales: [2, 0.5],
  roi: null,
  extrapolation: 0,
  policy: 'stretch',
} as const;

const CASES: readonly Case[] = [
  make(Identity, {}, [X]),
  make(Concat, { axis: 2 }, [X, X]),
  make(Slice, { axes: [1, 3], steps: [1, 2] }, [X], { steering: [ints(1, -4), ints(3, 99)] }),
  make(Slice, { axes: [2, 0], steps: [-1, 1] }, [X], { steering: [ints(-1, 1), ints(0, 2)] }),
  make(Split, { axis: 3, count: 2 }, [X], { outputs: 2 }),
  make(Squeeze, { axes: [0, 2] }, [[1, 3, 1, 5]]),
  make(Unsqueeze, { axes: [0, 3] }, [X]),
  make(Pad, { mode: 'constant', axes: [1, 2] }, [X], {
    steering: [ints(1, 0, 2, 3), literal('float32', [], [9])],
  }),
  make(Pad, { mode: 'reflect', axes: [3, 0] }, [X], {
    steering: [ints(1, 0, 2, 1), literal('float32', [], [0])],
  }),
  make(Gather, { axis: 1 }, [X], { steering: [literal('int64', [2, 2], [0, 2, -1, 1])] }),
  make(Gather, { axis: 2 }, [X], { steering: [literal('int64', [], [-2])] }),
  make(Resize, resize, [X]),
  make(CumSum, { axis: 2, exclusive: false, reverse: true }, [X]),
  make(TopK, { axis: 1, largest: true }, [X], { steering: [ints(2)], outputs: 2 }),
  make(Reshape, { allowzero: false }, [[2, 6, 4]], {
    steering: [ints(2, 2, 3, 4)],
  }),
  make(Reshape, { allowzero: false }, [[2, 3, 4, 5]], {
    steering: [ints(0, 0, -1)],
    passes: [
      [0, 1, 2, 3],
      [0, 3, 1, 2],
    ].slice(0, 1),
  }),
  make(Reshape, { allowzero: false }, [[2, 3, 4, 5]], {
    steering: [ints(2, 3, 20)],
    passes: [
      [0, 3, 1, 2],
      [2, 3, 0, 1],
      [1, 0, 2, 3],
    ],
  }),
  make(Reshape, { allowzero: true, order: [1, 2, 0] }, [[2, 3, 4, 5]], {
    steering: [ints(5, 6, 4)],
    passes: [
      [1, 2, 0, 3],
      [2, 3, 1, 0],
    ],
  }),
  make(Reshape, { allowzero: false }, [[2, 6, 1, 1]], {
    steering: [ints(0, -1)],
    passes: [
      [0, 3, 1, 2],
      [0, 1, 3, 2],
    ],
  }),
  make(Flatten, { axis: 1 }, [[2, 6, 1, 1]], { passes: [[0, 3, 1, 2]] }),
  make(Flatten, { axis: 2 }, [X], { passes: [[0, 1, 2, 3]] }),
  make(Expand, {}, [[3, 1, 2]], { steering: [ints(2, 3, 4, 1)], passes: [] }),
];

const permutations = (n: number): number[][] =>
  n === 0
    ? [[]]
    : permutations(n - 1).flatMap((p) => [...p, 0].map((_, i) => p.toSpliced(i, 0, n - 1)));
const numbered = (shape: readonly number[], from: number): Tensor =>
  fromNumbers(
    'float32',
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => ((i + from) * 7) % 31),
  );
const turned = (t: Tensor, perm: readonly number[]): Tensor => Transpose.eval!([t], { perm })[0]!;
const inverse = (perm: readonly number[]): number[] => perm.map((_, i) => perm.indexOf(i));

const describeCase = (c: Case): string =>
  `${c.op.name} ${JSON.stringify(c.attrs)} of [${c.shapes[0]!.join()}]`;

function nodeOf(c: Case, shapes: readonly (readonly number[])[], attrs: unknown) {
  const data = shapes.map((shape, i) => input(`x${i}`, { dtype: 'float32', shape }));
  const wanted = new Array<boolean>(c.outputs ?? 1).fill(true);
  return applyAll(c.op, attrs, [...data, ...(c.steering ?? [])], { wanted })[0]!.node!;
}
function results(c: Case, data: readonly Tensor[], attrs: unknown): readonly Tensor[] {
  const node = nodeOf(
    c,
    data.map((t) => t.shape),
    attrs,
  );
  return evalNode(node, [...data, ...(c.steering ?? []).map((v) => tensorOf(v.weight!))]);
}

describe('moving ops: permute', () => {
  for (const c of CASES)
    it(describeCase(c), () => {
      const data = c.shapes.map((shape, i) => numbered(shape, i * 100));
      const expected = results(c, data, c.attrs);
      const node = nodeOf(c, c.shapes, c.attrs);
      const all = permutations(c.shapes[0]!.length);
      const passed = all.filter((perm) => {
        const moved = c.op.permute?.(node, 0, perm);
        if (!moved) return false;
        assert.deepEqual(moved.inputs[0], perm);
        const inner = data.map((t, i) => {
          const p = moved.inputs[i];
          return p ? turned(t, inverse(p)) : t;
        });
        const got = results(c, inner, moved.attrs);
        expected.forEach((t, i) => {
          const back = turned(got[i]!, moved.outputs[i]!);
          assert.deepEqual(back, t, `by ${perm.join()}`);
        });
        return true;
      });
      const names = passed.map((p) => p.join());
      for (const p of c.passes ?? all) assert.ok(names.includes(p.join()), `${p.join()} must pass`);
    });
});

/** Elements of an operand whose buffer holds 0, 1, 2 …. */
function read(o: Operand): number[] {
  const out: number[] = [];
  walk(o.shape as number[], o.strides as number[], o.offset as number, (at) => out.push(at));
  return out;
}

describe('moving ops: view', () => {
  const buffer = { kind: 'arena', bytes: 0 } as const;
  for (const c of CASES.filter((c) => c.op.view && c.shapes.length === 1))
    it(describeCase(c), () => {
      const shape = c.shapes[0]!;
      const dense = denseStrides(shape) as number[];
      const layouts = [
        { strides: dense, offset: 0 },
        { strides: dense.map((s) => s * 3), offset: 5 },
        {
          strides: (denseStrides([...shape, 2].map((d) => d + 1)) as number[]).slice(0, -1),
          offset: 1,
        },
      ];
      let seen = 0;
      for (const { strides, offset } of layouts) {
        const views = c.op.view!(nodeOf(c, shape.length ? [shape] : [[]], c.attrs), {
          buffer,
          dtype: 'float32',
          shape,
          strides,
          offset,
        });
        if (!views?.[0]) continue;
        seen++;
        const source = read({ buffer, dtype: 'float32', shape, strides, offset });
        const expected = results(c, [fromNumbers('float32', shape, source)], c.attrs);
        views.forEach((v, i) => {
          assert.deepEqual(v!.shape, expected[i]!.shape);
          assert.deepEqual(read(v!), [...toNumbers(expected[i]!)]);
        });
      }
      const backwards = c.op === (Slice as unknown) && (c.steering?.length ?? 0) > 0;
      const isGather = c.op === (Gather as unknown);
      if (!backwards && !isGather) assert.ok(seen > 0);
    });
});

describe('moving ops: helpers', () => {
  it('strided takes negative strides and strings', () => {
    const t: Tensor = { dtype: 'string', shape: [2, 2], data: ['a', 'b', 'c', 'd'] };
    assert.deepEqual(strided(t, [2, 2], [-2, -1], 3).data, ['d', 'c', 'b', 'a']);
  });
  it('elements may have several axes of indices', () => {
    const x = numbered([3, 4], 0);
    const i = fromNumbers('int64', [1, 2], [0, -1]);
    const got = GatherElements.eval!([x, i], { axis: 1 })[0]!;
    assert.deepEqual([...toNumbers(got)], [x.data[0], x.data[3]]);
    const back = ScatterElements.eval!([x, i, got], { axis: 1, reduction: 'none' })[0]!;
    assert.deepEqual(back, x);
  });
});
