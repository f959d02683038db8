/** PRelu (ONNX): x, or slope · x where x < 0; the slope broadcasts to x. */
import { apply } from '../ir/build.js';
import { shapeOf } from '../ir/graph.js';
import { type ElementOp, type NoAttrs, arithmetic } from './elementwise.js';
import { trailingAxes } from './legacy-broadcast.js';

export const PRelu: ElementOp<NoAttrs> = arithmetic('PRelu', (x, s) => (x < 0 ? x * s : x), {
  kernel: 'prelu',
  exact: () => (x, s) => (x < 0n ? x * s : x),
  ordered: true,
  flops: 2,
  onnx: [
    { type: 'PRelu', since: 7, read: () => ({}) },
    {
      type: 'PRelu',
      since: 1,
      // one slope, or one for each channel of axis 1
      build(n) {
        const [x, slope] = [n.inputs[0]!, n.inputs[1]!];
        const channels = shapeOf(slope).length === 1 && shapeOf(slope)[0] !== 1;
        const after = channels ? shapeOf(x).length - 2 : 0;
        return [apply(PRelu, {}, [x, trailingAxes(slope, after)])];
      },
    },
  ],
});
