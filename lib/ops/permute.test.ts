/** `permute` of reductions, pools and normalisations: the same result from transposed inputs. */
import assert from 'node:assert/strict';
import { applyAll } from '../ir/build.js';
import { evalNode } from '../ir/eval.js';
import { input } from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { ArgMax } from './arg-max.js';
import { AveragePool } from './average-pool.js';
import { GroupNorm } from './group-norm.js';
import { LayerNorm } from './layer-norm.js';
import { Lrn } from './lrn.js';
import { MaxPool } from './max-pool.js';
import { ReduceMean } from './reduce-mean.js';
import { ReduceMax } from './reduce-max.js';
import { Softmax } from './softmax.js';
import { Transpose } from './transpose.js';

interface Case {
  readonly op: OpDef<never>;
  readonly attrs: unknown;
  readonly shapes: readonly (readonly number[] | null)[];
  /** permutations that must pass; default all */
  readonly passes?: (perm: readonly number[]) => boolean;
}
const add = <A>(op: OpDef<A>, attrs: A, shapes: Case['shapes'], passes?: Case['passes']): Case => ({
  op: op as unknown as OpDef<never>,
  attrs,
  shapes,
  ...(passes ? { passes } : {}),
});

const SHAPE = [2, 3, 4, 5];
const window = {
  kernel: [2, 3],
  strides: [1, 2],
  dilations: [2, 1],
  pads: [
    [1, 0],
    [0, 1],
  ] as const,
  ceil: false,
};
const sameEnds = (perm: readonly number[]): boolean => perm[0] === 0 && perm[3] === 3;

const CASES: readonly Case[] = [
  add(Softmax, { axis: 1 }, [SHAPE]),
  add(ReduceMean, { axes: [1, 3], keepdims: true }, [SHAPE]),
  add(ReduceMean, { axes: [0, 2], keepdims: false }, [SHAPE]),
  add(ReduceMax, { axes: [2], keepdims: false }, [SHAPE]),
  add(ArgMax, { axis: 2, keepdims: false, last: true }, [SHAPE]),
  add(ArgMax, { axis: 0, keepdims: true, last: false }, [SHAPE]),
  add(
    LayerNorm,
    { axis: 2, epsilon: 1e-3, sum: true },
    [SHAPE, [4, 5], [4, 5], SHAPE],
    (p) => p[2] === 2 && p[3] === 3,
  ),
  add(
    GroupNorm,
    { size: 2, epsilon: 1e-3, channelsLast: false },
    [[2, 4, 3, 5], [4], [4]],
    (p) => p[0] === 0 && p[1] !== 2,
  ),
  add(
    GroupNorm,
    { size: 2, epsilon: 1e-3, channelsLast: true },
    [[2, 3, 5, 4], [4], [4]],
    (p) => p[0] === 0 && p[3] !== 2,
  ),
  add(Lrn, { size: 3, alpha: 1, beta: 0.5, bias: 1 }, [SHAPE], (p) => p[3] === 3),
  add(MaxPool, { ...window, indices: 'none' }, [SHAPE], sameEnds),
  add(MaxPool, { ...window, indices: 'row' }, [SHAPE], () => false),
  add(AveragePool, { ...window, countPadding: true }, [SHAPE], sameEnds),
];

const permutations = (n: number): number[][] =>
  n === 0
    ? [[]]
    : permutations(n - 1).flatMap((p) => [...p, 0].map((_, i) => p.toSpliced(i, 0, n - 1)));
const numbered = (shape: readonly number[]): Tensor =>
  fromNumbers(
    'float32',
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7 + 3) % 31) / 5),
  );
const turned = (t: Tensor, perm: readonly number[]): Tensor => Transpose.eval!([t], { perm })[0]!;

function nodeOf(op: OpDef<never>, attrs: unknown, tensors: readonly (Tensor | null)[]) {
  const values = tensors.map((t, i) => t && input(`x${i}`, { dtype: t.dtype, shape: t.shape }));
  return applyAll(op, attrs as never, values)[0]!.node!;
}

describe('permute', () => {
  for (const { op, attrs, shapes, passes } of CASES)
    it(`${op.name} ${JSON.stringify(attrs)}`, () => {
      const tensors = shapes.map((s) => s && numbered(s));
      const node = nodeOf(op, attrs, tensors);
      const expected = evalNode(node, tensors);
      for (const perm of permutations(shapes[0]!.length)) {
        const moved = op.permute!(node as never, 0, perm);
        assert.equal(moved !== null, passes?.(perm) ?? true, `[${perm.join()}]`);
        if (!moved) continue;
        // old = Transpose(new, perm), so new = Transpose(old, inverse)
        const inner = tensors.map((t, i) => {
          const p = moved.inputs[i];
          return (
            t &&
            (p
              ? turned(
                  t,
                  p.map((_, k) => p.indexOf(k)),
                )
              : t)
          );
        });
        const got = evalNode(nodeOf(op, moved.attrs, inner), inner);
        expected.forEach((t, i) => {
          const back = turned(got[i]!, moved.outputs[i]!);
          assert.deepEqual(back.shape, t.shape);
          const [a, b] = [toNumbers(back), toNumbers(t)];
          a.forEach((v, k) => assert.ok(Math.abs(v - b[k]!) < 1e-5, `[${perm.join()}]`));
        });
      }
    });
});
