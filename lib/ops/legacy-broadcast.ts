/** Broadcasting as before opset 7: attribute `axis` says where the second operand's axes lie in the first's. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { Unsqueeze } from './unsqueeze.js';

/** v with `count` axes of size 1 at its end. */
export function trailingAxes(v: Value, count: number): Value {
  const rank = shapeOf(v).length;
  if (count <= 0) return v;
  return apply(Unsqueeze, { axes: Array.from({ length: count }, (_, i) => rank + i) }, [v]);
}

export function legacyBroadcast<A>(n: OnnxNode, op: OpDef<NoInfer<A>>, attrs = {} as A): Value[] {
  const [a, b] = n.inputs as [Value, Value];
  const rank = shapeOf(a).length;
  const axis = n.has('axis') ? n.int('axis') : rank - shapeOf(b).length;
  const from = axis < 0 ? axis + rank : axis;
  return [apply<A>(op, attrs, [a, trailingAxes(b, rank - from - shapeOf(b).length)])];
}
