/** Trilu (ONNX): the upper or lower triangle of matrices, zero elsewhere. */
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import { grainFor } from './effort.js';
import { tensorAt } from './facts.js';
import { filled, intsOf, movable, room, widthOf } from './moving.js';
import { isKnown, knownIn } from './sizes.js';

/** Input 1, if there: the diagonal that belongs to the triangle (0: the main one, above it positive). */
export interface TriluAttrs {
  readonly upper: boolean;
}

export const Trilu: OpDef<TriluAttrs> = defineOp<TriluAttrs>({
  name: 'Trilu',
  infer(inputs) {
    const type = tensorAt(inputs, 0);
    if (type.shape.length < 2) shapeError(`a matrix has 2 axes, got ${type.shape.length}`);
    return [{ type }];
  },
  eval([x, diagonal], { upper }) {
    const [k = 0] = intsOf(diagonal);
    const [rows, columns] = [x!.shape.at(-2)!, x!.shape.at(-1)!];
    const data = room(x!, x!.data.length);
    for (let i = 0; i < data.length; i++) {
      const distance = (i % columns) - (Math.floor(i / columns) % rows);
      if (upper ? distance >= k : distance <= k) data[i] = x!.data[i];
    }
    return [filled(x!, x!.shape, data)];
  },
  onnx: ['', 'com.microsoft'].map((domain) => ({
    type: 'Trilu',
    since: domain === '' ? 14 : 1,
    domain,
    read: (n: OnnxNode) => ({ upper: n.int('upper', 1) !== 0 }),
  })),
  lower(node, l) {
    const x = l.rows(l.in(0));
    l.emit({
      kernel: `trilu.${widthOf(x)}`,
      params: { k: knownIn(node, 1)?.[0] ?? 0, upper: Number(node.attrs.upper) },
      inputs: [x],
      outputs: [l.out()],
      items: product(x.shape.slice(0, -1)),
      grain: grainFor(x.shape.at(-1)!),
      inplace: [0],
    });
  },
  lowers: (node) => movable(node) && isKnown(node, 1),
});
