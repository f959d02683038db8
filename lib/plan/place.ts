/**
 * Decides before lowering where values lie, so that Concat and Pad are written in place by the
 * producers of their inputs, and graph outputs by theirs.
 */
import { type Node, type Value, dtypeOf, isTensorType, shapeOf } from '../ir/graph.js';
import type { Buffer, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import { type DType, bytesOf } from '../tensor/dtype.js';
import { type Shape, denseStrides, product, sameShape } from '../tensor/shape.js';

/** The whole of `buffer` as a dense tensor. */
export const whole = (buffer: Buffer, dtype: DType, shape: Shape): Operand => ({
  buffer,
  dtype,
  shape,
  strides: denseStrides(shape),
  offset: 0,
});

/** A dense operand in a new arena buffer. */
export const newOperand = (dtype: DType, shape: Shape): Operand =>
  whole({ kind: 'arena', bytes: D.mul(product(shape), bytesOf(dtype)) }, dtype, shape);

/** Strides equal those of a dense tensor, where they matter. */
export function isDenseOperand(o: Operand): boolean {
  const dense = denseStrides(o.shape);
  return o.strides.every((s, i) => s === dense[i] || o.shape[i] === 1);
}

/** Innermost dimension contiguous: what kernels take without saying more. */
export const hasRows = (o: Operand): boolean =>
  o.shape.length === 0 || o.shape.at(-1) === 1 || o.strides.at(-1) === 1;

const sameGeometry = (a: Operand, b: Operand): boolean =>
  a.buffer === b.buffer &&
  a.offset === b.offset &&
  sameShape(a.shape, b.shape) &&
  a.strides.every((s, i) => s === b.strides[i] || a.shape[i] === 1);

/**
 * Where outputs of `nodes` (in topological order) shall be written; values without an entry get a
 * buffer of their own. For outputs of views the place is a wish: it holds when their source lies there.
 */
export function placeValues(
  nodes: readonly Node[],
  outputs: readonly (readonly [Value, Operand])[],
): Map<Value, Operand> {
  const here = new Set(nodes);
  const place = new Map<Value, Operand>();
  const put = (v: Value, at: Operand): void => {
    if (!v.node || !here.has(v.node) || place.has(v) || !isTensorType(v.fact.type)) return;
    if (dtypeOf(v) === at.dtype && sameShape(shapeOf(v), at.shape) && hasRows(at)) place.set(v, at);
  };
  for (const [v, at] of outputs) put(v, at);
  for (const node of [...nodes].reverse()) {
    const out = node.outputs[0]!;
    if (node.op.view) {
      const source = node.inputs[0];
      const at = place.get(out);
      // a view that only changes the shape of dense elements can be followed back to its source
      if (!source || !at || node.outputs.length > 1 || !isDenseOperand(at)) continue;
      const shape = shapeOf(source);
      const before: Operand = { ...at, shape, strides: denseStrides(shape) };
      const after = node.op.view(node, before)?.[0];
      if (after && sameGeometry(after, at)) put(source, before);
    } else if (node.op.parts) {
      const at = place.get(out) ?? newOperand(dtypeOf(out), shapeOf(out));
      place.set(out, at);
      node.op.parts(node, at).forEach((part, i) => {
        const v = node.inputs[i];
        if (v && part) put(v, part);
      });
    }
  }
  return place;
}
