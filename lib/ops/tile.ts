/** Tile (ONNX): the tensor repeated along each axis. */
import { apply } from '../ir/build.js';
import { type Node, type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type Shape, denseStrides } from '../tensor/shape.js';
import { checkSize, fromStart, numbersOf, rankAt, tensorAt } from './facts.js';
import { MAX_RANK, copyTo, filled, intsOf, movable, room, walk } from './moving.js';
import { freshSizes, int64s, knownAt, knownIn } from './sizes.js';

/** Each axis that is repeated as two: the turn, and the place in the tensor. */
function unrolled(
  o: Operand,
  shape: Shape,
  repeats: readonly Dim[],
  stride: (i: number) => Dim,
): Operand {
  const sizes = shape.flatMap((d, i) => (repeats[i] === 1 ? [d] : [repeats[i]!, d]));
  const strides = shape.flatMap((_, i) =>
    repeats[i] === 1 ? [o.strides[i]!] : [stride(i), o.strides[i]!],
  );
  return { ...o, shape: sizes, strides };
}

/** Tile-1: so many copies along one axis. */
function alongOne(n: OnnxNode): Value {
  const [x, tiles, axis] = n.inputs;
  const count = numbersOf(n, tiles)?.[0] ?? shapeError('the number of tiles is missing');
  const at = fromStart(numbersOf(n, axis)?.[0] ?? 0, rankAt(n, 0));
  const repeats = shapeOf(x!).map((_, i) => (i === at ? count : 1));
  return apply(Tile, {}, [x!, int64s(repeats)]);
}

export const Tile: OpDef<Record<string, never>> = defineOp<Record<string, never>>({
  name: 'Tile',
  infer(inputs, _, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const repeats = knownAt(inputs, 1);
    checkSize('repeats', tensorAt(inputs, 1).shape[0], shape.length);
    const sizes = repeats
      ? shape.map((d, i) => D.mul(d, repeats[i]!))
      : freshSizes(ctx, shape.length, 'd');
    return [{ type: { dtype, shape: sizes } }];
  },
  eval([x, repeats]) {
    const times = intsOf(repeats);
    const shape = x!.shape.map((d, i) => d * times[i]!);
    const data = room(
      x!,
      shape.reduce((p, d) => p * d, 1),
    );
    const dense = denseStrides(shape) as number[];
    // every element of the result in order, at its place of origin
    const own = denseStrides(x!.shape) as number[];
    walk(shape, dense, 0, (at) => {
      let from = 0;
      for (let i = 0, rest = at; i < shape.length; i++) {
        from += (Math.floor(rest / dense[i]!) % x!.shape[i]!) * own[i]!;
        rest %= dense[i]!;
      }
      data[at] = x!.data[from];
    });
    return [filled(x!, shape, data)];
  },
  moves: [0],
  onnx: [
    { type: 'Tile', since: 1, build: (n) => [alongOne(n)] },
    { type: 'Tile', since: 6, read: () => ({}) },
  ],
  lower(node, l) {
    const repeats = knownIn(node, 1)!;
    const [x, out] = [l.in(0), l.out()];
    const turn = (i: number): Dim => D.mul(out.strides[i]!, x.shape[i]!);
    copyTo(
      l,
      unrolled(x, x.shape, repeats, () => 0),
      unrolled(out, x.shape, repeats, turn),
    );
  },
  lowers(node: Node) {
    const repeats = knownIn(node, 1);
    if (!repeats || !movable(node)) return false;
    return shapeOf(node.inputs[0]!).length + repeats.filter((r) => r !== 1).length <= MAX_RANK;
  },
});
