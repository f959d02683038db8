/** AveragePool (ONNX) over [N, ...spatial, C]. */
import { apply } from '../ir/build.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { shapeOf } from '../ir/graph.js';
import { elementCost } from './effort.js';
import { channelsFirst, channelsLast } from './layout.js';
import {
  type PoolAttrs,
  axesOf,
  evalPool,
  inferPool,
  lowerPool,
  permutedPool,
  poolLowers,
  readPool,
} from './pooling.js';

export interface AveragePoolAttrs extends PoolAttrs {
  /** places of the window in the padding count as zeros */
  readonly countPadding: boolean;
}

export const AveragePool: OpDef<AveragePoolAttrs> = defineOp<AveragePoolAttrs>({
  name: 'AveragePool',
  infer: inferPool,
  eval: ([t], attrs) =>
    evalPool(t!, attrs, (x, { at, padded }) => {
      const count = Math.max(1, attrs.countPadding ? padded : at.length);
      return at.reduce((sum, p) => sum + x[p]!, 0) / count;
    }),
  onnx: [
    {
      type: 'AveragePool',
      since: 1,
      build(n) {
        const attrs = { ...readPool(n), countPadding: n.int('count_include_pad', 0) !== 0 };
        return [channelsFirst(apply(AveragePool, attrs, [channelsLast(n.inputs[0]!)]))];
      },
    },
  ],
  permute: ({ attrs }, _from, perm) => permutedPool(attrs, perm),
  cost: (node) => elementCost(node, product(node.attrs.kernel)),
  lowers: poolLowers,
  lower(node, l) {
    const after = axesOf(node.attrs, shapeOf(node.inputs[0]!)).map((a) => a.after);
    const [after0, after1, after2] = [0, 0, 0, ...after].slice(-3) as [number, number, number];
    const counted = node.attrs.countPadding ? 1 : 0;
    lowerPool(node, l, 'average_pool.f32', { after0, after1, after2, counted });
  },
});
