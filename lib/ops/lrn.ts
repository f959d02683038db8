/**
 * Local response normalisation over [N, ...spatial, C] (ONNX LRN, which has the channels at axis 1):
 * y = x / (bias + alpha / size · Σ x²)^beta over `size` neighbouring channels.
 */
import { apply } from '../ir/build.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { mapLines } from './along-axis.js';
import { elementCost, grainFor, nativeAs } from './effort.js';
import { floatAt } from './facts.js';
import { channelsFirst, channelsLast } from './layout.js';

export interface LrnAttrs {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
}

/** Floats that the kernel reads past the last square. */
const OVERREAD = 16;

export const Lrn: OpDef<LrnAttrs> = defineOp<LrnAttrs>({
  name: 'Lrn',
  infer(inputs, { size }) {
    const type = floatAt(inputs, 0);
    if (type.shape.length < 2 || size < 1) shapeError('expected 2 axes and a size of at least 1');
    return [{ type }];
  },
  eval([t], { size, alpha, beta, bias }) {
    const before = Math.floor((size - 1) / 2);
    return [
      mapLines(t!, t!.shape.length - 1, (x) =>
        x.map((v, c) => {
          const window = x.subarray(Math.max(0, c - before), c - before + size);
          const squares = window.reduce((sum, w) => sum + w * w, 0);
          return v / (bias + (alpha / size) * squares) ** beta;
        }),
      ),
    ];
  },
  onnx: [
    {
      type: 'LRN',
      since: 1,
      build(n) {
        const attrs = {
          size: n.int('size'),
          alpha: n.float('alpha', 1e-4),
          beta: n.float('beta', 0.75),
          bias: n.float('bias', 1),
        };
        return [channelsFirst(apply(Lrn, attrs, [channelsLast(n.inputs[0]!)]))];
      },
    },
  ],
  permute({ attrs }, _from, perm) {
    return perm.at(-1) === perm.length - 1 ? { attrs, inputs: [perm], outputs: [perm] } : null;
  },
  cost: (node) => elementCost(node, node.attrs.size + 10),
  lowers: (node) => nativeAs(node, 'float32'),
  lower({ attrs: { size, alpha, beta, bias } }, l) {
    const x = l.rows(l.in(0));
    const channels = x.shape.at(-1)!;
    l.emit({
      kernel: 'lrn.f32',
      params: { size, alpha, beta, bias },
      inputs: [x],
      outputs: [l.out()],
      scratch: D.mul(4, D.add(channels, size + OVERREAD)),
      items: product(x.shape.slice(0, -1)),
      grain: grainFor(D.mul(channels, size)),
      inplace: [0],
    });
  },
});
