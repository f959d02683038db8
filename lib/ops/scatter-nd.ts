/** ScatterND (ONNX): x with the slices that the last axis of the indices names updated. */
import { shapeOf } from '../ir/graph.js';
import { defineOp, shapeError, typeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { sizeOf } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';
import { indexAt, indexed } from './indices.js';
import { MAX_RANK, copyTo, intsOf } from './moving.js';
import { reshapeOperand, seenAs } from './regroup.js';
import { type Reduction, emitScatter, readReduction, scattered, scatters } from './scatter.js';

export interface ScatterNDAttrs {
  readonly reduction: Reduction;
}

/** Elements of a slice that an item updates (native/ops/scatter_nd.cpp). */
const WIDTH = 256;

export const ScatterND = defineOp<ScatterNDAttrs>({
  name: 'ScatterND',
  infer(inputs, _, ctx) {
    const type = tensorAt(inputs, 0);
    const indices = indexAt(inputs, 1).shape;
    const updates = tensorAt(inputs, 2);
    if (updates.dtype !== type.dtype)
      typeError(`updates are ${updates.dtype}, the data ${type.dtype}`);
    if (type.shape.length < 1 || indices.length < 1) shapeError('data and indices must have axes');
    const n = ctx.pin(indices.at(-1)!);
    const expected = [...indices.slice(0, -1), ...type.shape.slice(n)];
    const fits = expected.every((d, i) => {
      const got = updates.shape[i]!;
      return typeof d !== 'number' || typeof got !== 'number' || d === got;
    });
    if (n > type.shape.length || updates.shape.length !== expected.length || !fits)
      shapeError('the shapes of indices and updates do not fit the data');
    return [{ type }];
  },
  eval([x, indices, updates], { reduction }) {
    const n = indices!.shape.at(-1)!;
    const inner = sizeOf(x!.shape.slice(n));
    const list = intsOf(indices);
    const starts: number[] = [];
    for (let k = 0; k < sizeOf(indices!.shape.slice(0, -1)); k++) {
      let at = 0;
      for (let d = 0; d < n; d++) {
        const size = x!.shape[d]!;
        at = at * size + indexed(list[k * n + d]!, size);
      }
      starts.push(at * inner);
    }
    return [
      scattered(x!, updates!, reduction, (i) => starts[Math.floor(i / inner)]! + (i % inner)),
    ];
  },
  onnx: [{ type: 'ScatterND', since: 11, read: (n) => ({ reduction: readReduction(n) }) }],
  lower({ attrs: { reduction }, inputs }, l) {
    const n = shapeOf(inputs[1]!).at(-1) as number;
    const [x, indices, out] = [l.in(0), l.in(1), l.out()];
    const inner = product(x.shape.slice(n));
    const count = product(indices.shape.slice(0, -1));
    const shape = [...x.shape.slice(0, n), inner];
    const target = reshapeOperand(out, shape) ? out : l.temp(out.dtype, out.shape);
    copyTo(l, x, target);
    emitScatter(l, 'scatter_nd', reduction, reshapeOperand(target, shape)!, {
      inputs: [seenAs(l, indices, [count, n]), seenAs(l, l.in(2), [count, inner])],
      items: D.ceilDiv(inner, WIDTH),
    });
    copyTo(l, target, out);
  },
  lowers: (node) => {
    const n = shapeOf(node.inputs[1]!).at(-1);
    return scatters(node, node.attrs.reduction) && typeof n === 'number' && n + 1 <= MAX_RANK;
  },
});
