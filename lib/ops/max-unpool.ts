/**
 * MaxUnpool (ONNX): the elements of x where the places that MaxPool gave say, zeros elsewhere. A larger
 * `output_shape` pads at the ends.
 */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { sizeOf } from '../tensor/tensor.js';
import { Expand } from './expand.js';
import { numbersOf, pinned } from './facts.js';
import { importOnly } from './formula.js';
import { Pad } from './pad.js';
import { readPool } from './pooling.js';
import { reshaped } from './reshape.js';
import { ScatterElements } from './scatter-elements.js';
import { int64s } from './sizes.js';

function build(n: OnnxNode): Value[] {
  const [x, places] = n.inputs as [Value, Value];
  const { kernel, strides, pads } = readPool(n);
  const from = shapeOf(x).map(pinned);
  const shape = from.map((d, axis) => {
    if (axis < 2) return d;
    const [before, after] = typeof pads === 'string' ? [0, 0] : pads[axis - 2]!;
    return (d - 1) * strides[axis - 2]! + kernel[axis - 2]! - before - after;
  });
  const zero = literal(dtypeOf(x), [], [0]);
  const zeros = apply(Expand, {}, [zero, int64s([sizeOf(shape)])]);
  const flat = [zeros, reshaped(places, [-1]), reshaped(x, [-1])];
  const y = reshaped(apply(ScatterElements, { axis: 0, reduction: 'none' }, flat), shape);
  const wanted = numbersOf(n, n.inputs[2]);
  if (!wanted) return [y];
  const edges = [...shape.map(() => 0), ...wanted.map((d, i) => d - shape[i]!)];
  const axes = shape.map((_, i) => i);
  return [apply(Pad, { mode: 'constant', axes }, [y, int64s(edges), zero])];
}

export const MaxUnpool = importOnly('MaxUnpool', [{ type: 'MaxUnpool', since: 9, build }]);
