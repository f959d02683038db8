/** SpaceToDepth on [N, H, W, C]: squares of b × b pixels become channels (row, column, channel). */
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
}

/** From [N, H / b, b, W / b, b, C] to [N, H / b, W / b, b, b, C]. */
const ORDER = [0, 1, 3, 2, 4, 5];

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
  eval([x], { blockSize: b }) {
    const sizes = split(x!.shape, b) as number[];
    const strides = denseStrides(sizes) as number[];
    const shape = ORDER.map((i) => sizes[i]!);
    const turned = strided(
      x!,
      shape,
      ORDER.map((i) => strides[i]!),
    );
    return [{ ...turned, shape: [shape[0]!, shape[1]!, shape[2]!, x!.shape[3]! * b * b] }];
  },
  moves: [0],
  onnx: [
    {
      type: 'SpaceToDepth',
      since: 1,
      build(n) {
        const attrs = { blockSize: n.int('blocksize') };
        return [channelsFirst(apply(SpaceToDepth, attrs, [channelsLast(n.inputs[0]!)]))];
      },
    },
  ],
  lower({ attrs }, l) {
    const x = l.in(0);
    const from = reordered(seenAs(l, x, split(x.shape, attrs.blockSize)), ORDER);
    writtenAs(l, l.out(), from.shape, (to) => copyTo(l, from, to));
  },
  lowers: movable,
});
