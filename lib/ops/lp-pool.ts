/** LpPool (ONNX) over [N, ...spatial, C]: (Σ |x|^p)^(1/p) of each window. */
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { Abs } from './abs.js';
import { elementCost } from './effort.js';
import { power } from './formula.js';
import { channelsFirst, channelsLast } from './layout.js';
import {
  type PoolAttrs,
  evalPool,
  inferPool,
  lowerPool,
  permutedPool,
  poolLowers,
  readPool,
} from './pooling.js';
import { ReduceL1 } from './reduce-l1.js';
import { ReduceL2 } from './reduce-l2.js';
import { ReduceSum } from './reduce-sum.js';
import { spatial } from './reduction.js';

export interface LpPoolAttrs extends PoolAttrs {
  /** an integer from 1 on */
  readonly p: number;
}

/** One window over all of [N, C, ...spatial]. */
function globalPool(x: Value, p: number): Value {
  if (p === 1) return apply(ReduceL1, spatial(x), [x]);
  if (p === 2) return apply(ReduceL2, spatial(x), [x]);
  return power(apply(ReduceSum, spatial(x), [power(apply(Abs, {}, [x]), p)]), 1 / p);
}

export const LpPool: OpDef<LpPoolAttrs> = defineOp<LpPoolAttrs>({
  name: 'LpPool',
  infer: inferPool,
  eval: ([t], { p, ...attrs }) =>
    evalPool(
      t!,
      attrs,
      (x, { at }) => at.reduce((sum, i) => sum + Math.abs(x[i]!) ** p, 0) ** (1 / p),
    ),
  onnx: [
    {
      type: 'LpPool',
      since: 1,
      build(n) {
        const attrs = { ...readPool(n), p: Math.round(n.float('p', 2)) };
        return [channelsFirst(apply(LpPool, attrs, [channelsLast(n.inputs[0]!)]))];
      },
    },
    {
      type: 'LpPool',
      since: 2,
      build(n) {
        const attrs = { ...readPool(n), p: n.int('p', 2) };
        return [channelsFirst(apply(LpPool, attrs, [channelsLast(n.inputs[0]!)]))];
      },
    },
    {
      type: 'GlobalLpPool',
      since: 1,
      build: (n) => [globalPool(n.inputs[0]!, Math.round(n.float('p', 2)))],
    },
    { type: 'GlobalLpPool', since: 2, build: (n) => [globalPool(n.inputs[0]!, n.int('p', 2))] },
  ],
  permute: ({ attrs }, _from, perm) => permutedPool(attrs, perm),
  cost: (node) => elementCost(node, product(node.attrs.kernel)),
  lowers: (node) => poolLowers(node) && node.attrs.p <= 2,
  lower: (node, l) => lowerPool(node, l, 'lp_pool.f32', { p: node.attrs.p }),
});
