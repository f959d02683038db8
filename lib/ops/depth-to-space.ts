/** DepthToSpace on [N, H, W, C]: channels become squares of b × b pixels, C / b² channels remain. */
import { apply } from '../ir/build.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { Lowering } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import { type Shape, denseStrides } from '../tensor/shape.js';
import { tensorAt } from './facts.js';
import { channelsFirst, channelsLast } from './layout.js';
import { copyTo, movable, strided } from './moving.js';
import { seenAs, writtenAs } from './regroup.js';
import { reordered } from './views.js';

export interface DepthToSpaceAttrs {
  readonly blockSize: number;
  /** order within the channels: DCR (row, column, channel) or CRD (channel, row, column) */
  readonly mode: 'DCR' | 'CRD';
}

/** [N, H, W, …, …, …] and the order of axes that makes [N, H, b, W, b, C / b²] of it. */
function split(
  shape: Shape,
  { blockSize: b, mode }: DepthToSpaceAttrs,
): { sizes: D.Dim[]; order: number[] } {
  const [n, h, w, c] = shape as [D.Dim, D.Dim, D.Dim, D.Dim];
  const rest = D.floorDiv(c, b * b);
  return mode === 'DCR'
    ? { sizes: [n, h, w, b, b, rest], order: [0, 1, 3, 2, 4, 5] }
    : { sizes: [n, h, w, rest, b, b], order: [0, 1, 4, 2, 5, 3] };
}

export const DepthToSpace: OpDef<DepthToSpaceAttrs> = defineOp<DepthToSpaceAttrs>({
  name: 'DepthToSpace',
  infer(inputs, { blockSize: b }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const [n, h, w, c] = shape as [D.Dim, D.Dim, D.Dim, D.Dim];
    if (shape.length !== 4) shapeError(`an image has 4 axes, got ${shape.length}`);
    if (b < 1 || (typeof c === 'number' && c % (b * b) !== 0))
      shapeError(`${D.format(c)} channels for blocks of ${b} × ${b}`);
    return [{ type: { dtype, shape: [n, D.mul(h, b), D.mul(w, b), D.floorDiv(c, b * b)] } }];
  },
  eval([x], attrs) {
    const { sizes, order } = split(x!.shape, attrs);
    const strides = denseStrides(sizes) as number[];
    const pick = (list: readonly number[]): number[] => order.map((i) => list[i]!);
    const shape = pick(sizes as number[]);
    const [n, h, b, w, , c] = shape as [number, number, number, number, number, number];
    return [{ ...strided(x!, shape, pick(strides)), shape: [n, h * b, w * b, c] }];
  },
  moves: [0],
  onnx: [
    {
      type: 'DepthToSpace',
      since: 1,
      build(n) {
        const mode = n.string('mode', 'DCR') === 'CRD' ? 'CRD' : 'DCR';
        const attrs = { blockSize: n.int('blocksize'), mode } as const;
        return [channelsFirst(apply(DepthToSpace, attrs, [channelsLast(n.inputs[0]!)]))];
      },
    },
  ],
  lower({ attrs }, l: Lowering) {
    const x = l.in(0);
    const { sizes, order } = split(x.shape, attrs);
    const from = reordered(seenAs(l, x, sizes), order);
    writtenAs(l, l.out(), from.shape, (to) => copyTo(l, from, to));
  },
  lowers: movable,
});
