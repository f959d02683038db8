/** GatherND (ONNX): the last axis of the indices names a place in the axes of x after the batch. */
import { shapeOf } from '../ir/graph.js';
import { defineOp, shapeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { grainFor } from './effort.js';
import { checkSize, tensorAt } from './facts.js';
import { indexAt, indexed } from './indices.js';
import { MAX_RANK, filled, intsOf, movable, room, widthOf } from './moving.js';
import { seenAs, writtenAs } from './regroup.js';

export interface GatherNDAttrs {
  readonly batchDims: number;
}

export const GatherND = defineOp<GatherNDAttrs>({
  name: 'GatherND',
  infer(inputs, { batchDims: b }, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    const indices = indexAt(inputs, 1).shape;
    if (
      shape.length < 1 ||
      indices.length < 1 ||
      b < 0 ||
      b >= Math.min(shape.length, indices.length)
    )
      shapeError(`batch_dims ${b} with ranks ${shape.length} and ${indices.length}`);
    for (let i = 0; i < b; i++) checkSize(`batch axis ${i} of the indices`, indices[i], shape[i]!);
    const n = ctx.pin(indices.at(-1)!);
    if (n < 1 || b + n > shape.length) shapeError(`indices of ${n} axes for rank ${shape.length}`);
    return [{ type: { dtype, shape: [...indices.slice(0, -1), ...shape.slice(b + n)] } }];
  },
  eval([x, indices], { batchDims: b }) {
    const n = indices!.shape.at(-1)!;
    const shape = [...indices!.shape.slice(0, -1), ...x!.shape.slice(b + n)];
    const inner = sizeOf(x!.shape.slice(b + n));
    const list = intsOf(indices);
    const perBatch = sizeOf(indices!.shape.slice(b, -1));
    const data = room(x!, sizeOf(shape));
    for (let k = 0; k * inner < data.length; k++) {
      let from = Math.floor(k / perBatch);
      for (let d = 0; d < n; d++) {
        const size = x!.shape[b + d]!;
        from = from * size + indexed(list[k * n + d]!, size);
      }
      for (let i = 0; i < inner; i++) data[k * inner + i] = x!.data[from * inner + i];
    }
    return [filled(x!, shape, data)];
  },
  moves: [0],
  onnx: [
    { type: 'GatherND', since: 11, read: (n) => ({ batchDims: n.int('batch_dims', 0) }) },
    { type: 'GatherND', since: 1, domain: 'com.microsoft', read: () => ({ batchDims: 0 }) },
  ],
  lower({ attrs: { batchDims: b }, inputs }, l) {
    const [x, indices] = [l.in(0), l.in(1)];
    const n = shapeOf(inputs[1]!).at(-1) as number;
    const batch = product(x.shape.slice(0, b));
    const inner = product(x.shape.slice(b + n));
    const count = product(indices.shape.slice(b, -1));
    const data = seenAs(l, x, [batch, ...x.shape.slice(b, b + n), inner]);
    const places = seenAs(l, indices, [batch, count, n]);
    writtenAs(l, l.out(), [batch, count, inner], (out) =>
      l.emit({
        kernel: `gather_nd.${widthOf(out)}`,
        params: {},
        inputs: [data, places],
        outputs: [out],
        items: D.mul(batch, count),
        grain: grainFor(inner),
      }),
    );
  },
  lowers: (node) => {
    const n = shapeOf(node.inputs[1]!).at(-1);
    return movable(node) && typeof n === 'number' && n + 2 <= MAX_RANK;
  },
});
