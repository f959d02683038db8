/**
 * GatherBlockQuantized (com.microsoft): Gather from numbers of few bits in blocks of one axis, widened
 * after they are taken: (q − zero) · scale. uint8 data hold elements of `bits` bits along their last axis.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { cut, expanded } from './arrange.js';
import { type Bits, unpacked } from './bits.js';
import { fromStart } from './facts.js';
import { cast, importOnly, minus, times } from './formula.js';
import { Gather } from './gather.js';
import { reshaped } from './reshape.js';

function build(n: OnnxNode): Value[] {
  const [data, indices, scales, zeros] = n.inputs as [Value, Value, Value, Value | undefined];
  const rank = shapeOf(data).length;
  const bits = n.int('bits', 4) as Bits;
  const axis = fromStart(n.int('gather_axis', 0), rank);
  const blocked = fromStart(n.int('quantize_axis', 1), rank);
  if (axis === blocked || (axis === rank - 1 && dtypeOf(data) === 'uint8'))
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'gather_axis',
      expected: 'an axis without blocks',
      got: axis,
    });
  const packed = dtypeOf(data) === 'uint8';
  const taken = (v: Value): Value => apply(Gather, { axis }, [v, indices]);
  const wide = (v: Value): Value => cast(packed ? unpacked(taken(v), bits) : taken(v), 'float32');
  const extra = shapeOf(indices).length - 1;
  const along = axis < blocked ? blocked + extra : blocked;
  const q = wide(data);
  const shape = shapeOf(q);
  const scale = cast(taken(scales), 'float32');
  const blocks = shapeOf(scale)[along]!;
  const none = packed ? 2 ** (bits - 1) : 0;
  const zero = zeros ? cut(wide(zeros), along, 0, blocks) : null;
  // a last block that is not whole reads beyond the axis: blocks are laid out by index
  const spread = (v: Value): Value => repeated(v, along, n.int('block_size', 128), shape[along]!);
  const y = times(minus(q, zero ? spread(zero) : none), spread(scale));
  return [cast(y, dtypeOf(scales))];
}

/** Each element of an axis `times` times in a row, the first `size` of them. */
function repeated(v: Value, axis: number, times: number, size: Dim): Value {
  const shape = shapeOf(v);
  const wide = reshaped(v, shape.toSpliced(axis + 1, 0, 1));
  const all = expanded(wide, shape.toSpliced(axis + 1, 0, times));
  return cut(reshaped(all, shape.with(axis, D.mul(shape[axis]!, times))), axis, 0, size);
}

export const GatherBlockQuantized = importOnly('GatherBlockQuantized', [
  { type: 'GatherBlockQuantized', since: 1, domain: 'com.microsoft', build },
]);
