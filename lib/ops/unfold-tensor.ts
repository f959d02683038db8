/**
 * UnfoldTensor (com.microsoft, torch.Tensor.unfold): windows of `size` elements of axis `dim`, a `step`
 * apart. The windows take the place of the axis, their elements are a new last axis.
 */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import { transposed } from './arrange.js';
import { fromStart, pinned } from './facts.js';
import { importOnly } from './formula.js';
import { Gather } from './gather.js';

function build(n: OnnxNode): Value[] {
  const x = n.inputs[0]!;
  const rank = shapeOf(x).length;
  const axis = fromStart(n.int('dim', -1), rank);
  const [size, step] = [n.int('size'), n.int('step', 1)];
  const all = pinned(shapeOf(x)[axis]!);
  if (size < 1 || step < 1 || size > all)
    shapeError(`windows of ${size} elements, ${step} apart, of an axis of ${all}`);
  const count = Math.floor((all - size) / step) + 1;
  const places = Array.from(
    { length: count * size },
    (_, i) => Math.floor(i / size) * step + (i % size),
  );
  const windows = apply(Gather, { axis }, [x, literal('int64', [count, size], places)]);
  const axes = Array.from({ length: rank + 1 }, (_, i) => i);
  return [transposed(windows, ...axes.toSpliced(axis + 1, 1), axis + 1)];
}

export const UnfoldTensor = importOnly('UnfoldTensor', [
  { type: 'UnfoldTensor', since: 1, domain: 'com.microsoft', build },
]);
