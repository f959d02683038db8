/** SpaceToDepth on [N, H, W, C]: squares of b × b pixels become channels. */
import { apply } from '../ir/build.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { type Shape, denseStrides } from '../tensor/shape.js';
import { tensorAt } from './facts.js';
import { channelsFirst, channelsLast } from './layout.js';
import { copyTo, movable, strided } from './moving.js';
import { seenAs, writtenAs } from './regroup.js';
import { reordered } from './views.js';

export interface SpaceToDepthAttrs {
  readonly blockSize: number;
  /** order within the channels: DCR (row, column, channel) or CRD (channel, row, column) */
  readonly mode: 'DCR' | 'CRD';
}

/** From [N, H / b, b, W / b, b, C] to [N, H / b, W / b, …]. */
const ORDERS = { DCR: [0, 1, 3, 2, 4, 5], CRD: [0, 1, 3, 5, 2, 4] } as const;

function split(shape: Shape, b: number): D.Dim[] {
  const [n, h, w, c] = shape as [D.Dim, D.Dim, D.Dim, D.Dim];
  return [n, D.floorDiv(h, b), b, D.floorDiv(w, b), b, c];
}

export const SpaceToDepth: OpDef<SpaceToDepthAttrs> = defineOp<SpaceToDepthAttrs>({
  name: 'SpaceToDepth',
  infer(inputs, { blockSize: b }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (shape.length !== 4) shapeError(`an image has 4 axes, got ${shape.length}`);
    const [n, h, w, c] = shape as [D.Dim, D.Dim, D.Dim, D.Dim];
    const odd = [h, w].find((d) => typeof d === 'number' && d % b !== 0);
    if (b < 1 || odd !== undefined) shapeError(`a side of ${D.format(odd ?? 0)} in blocks of ${b}`);
    const sizes = [n, D.floorDiv(h, b), D.floorDiv(w, b), D.mul(c, b * b)];
    return [{ type: { dtype, shape: sizes } }];
  },
  eval([x], { blockSize: b, mode }) {
    const order = ORDERS[mode];
    const sizes = split(x!.shape, b) as number[];
    const strides = denseStrides(sizes) as number[];
    const shape = order.map((i) => sizes[i]!);
    const turned = strided(
      x!,
      shape,
      order.map((i) => strides[i]!),
    );
    return [{ ...turned, shape: [shape[0]!, shape[1]!, shape[2]!, x!.shape[3]! * b * b] }];
  },
  moves: [0],
  onnx: [
    {
      type: 'SpaceToDepth',
      since: 1,
      build(n) {
        const mode = n.string('mode', 'DCR') === 'CRD' ? 'CRD' : 'DCR';
        const attrs = { blockSize: n.int('blocksize'), mode } as const;
        return [channelsFirst(apply(SpaceToDepth, attrs, [channelsLast(n.inputs[0]!)]))];
      },
    },
  ],
  lower({ attrs }, l) {
    const x = l.in(0);
    const from = reordered(seenAs(l, x, split(x.shape, attrs.blockSize)), ORDERS[attrs.mode]);
    writtenAs(l, l.out(), from.shape, (to) => copyTo(l, from, to));
  },
  lowers: movable,
});
