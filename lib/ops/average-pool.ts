/** AveragePool (ONNX) over [N, ...spatial, C]. */
import { apply } from '../ir/build.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { shapeOf } from '../ir/graph.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { elementCost } from './effort.js';
import { floatAt } from './facts.js';
import { channelsFirst, channelsLast } from './layout.js';
import {
  type PoolAttrs,
  axesOf,
  eachWindow,
  lowerPool,
  permutedPool,
  poolLowers,
  pooledShape,
  readPool,
} from './pooling.js';

export interface AveragePoolAttrs extends PoolAttrs {
  /** places of the window in the padding count as zeros */
  readonly countPadding: boolean;
}

export const AveragePool: OpDef<AveragePoolAttrs> = defineOp<AveragePoolAttrs>({
  name: 'AveragePool',
  infer(inputs, attrs) {
    const { dtype, shape } = floatAt(inputs, 0);
    return [{ type: { dtype, shape: pooledShape(attrs, shape) } }];
  },
  eval([t], attrs) {
    const x = toNumbers(t!);
    const shape = pooledShape(attrs, t!.shape) as number[];
    const y = new Float64Array(sizeOf(shape));
    eachWindow(attrs, t!.shape, ({ out, at, padded }) => {
      const count = Math.max(1, attrs.countPadding ? padded : at.length);
      y[out] = at.reduce((sum, p) => sum + x[p]!, 0) / count;
    });
    return [fromNumbers(t!.dtype, shape, y)];
  },
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
