/**
 * Decides before lowering where values lie, so that Concat and Pad are written in place by the
 * producers of their inputs, and graph outputs by theirs.
 */
import { type Node, type Value, dtypeOf, isTensorType, shapeOf } from '../ir/graph.js';
import type { Buffer, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, bytesOf, storageOf } from '../tensor/dtype.js';
import { type Shape, denseStrides, product, sameShape } from '../tensor/shape.js';

/** The whole of `buffer` as a dense tensor. */
export const whole = (buffer: Buffer, dtype: DType, shape: Shape): Operand => ({
  buffer,
  dtype: storageOf(dtype),
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

/** Strides that no kernel has: they show which axis of a view is which of its source. */
const probes: Dim[] = [];
const probe = (i: number): Dim => (probes[i] ??= D.symbolDim(D.newSymbol(`stride${i}`)));

/** The operand of the view's source whose view is `at`, or null. */
function inverseView(node: Node, at: Operand): Operand | null {
  const shape = shapeOf(node.inputs[0]!);
  if (product(shape) !== product(at.shape)) return null; // it leaves elements out, or repeats them
  const view = (source: Operand): Operand | null => node.op.view!(node, source)?.[0] ?? null;
  const candidates: Operand[] = [];
  // a view that only changes the shape of dense elements
  if (isDenseOperand(at)) candidates.push({ ...at, shape, strides: denseStrides(shape) });
  // one that reorders axes, adds or drops axes of size 1
  const moved = view({ ...at, shape, strides: shape.map((_, i) => probe(i)) });
  if (moved) {
    const strides = shape.map((d, i) => {
      const axis = moved.strides.indexOf(probe(i));
      return axis >= 0 ? at.strides[axis]! : d === 1 ? 0 : null;
    });
    if (strides.every((d) => d !== null)) candidates.push({ ...at, shape, strides });
  }
  return (
    candidates.find((c) => {
      const back = view(c);
      return back !== null && sameGeometry(back, at);
    }) ?? null
  );
}

/** Places of values of one region while they are being decided. */
class Places {
  readonly of = new Map<Value, Operand>();
  readonly #here: ReadonlySet<Node>;
  readonly #uses = new Map<Value, number>();

  constructor(nodes: readonly Node[], outputs: readonly Value[]) {
    this.#here = new Set(nodes);
    for (const v of [...nodes.flatMap((n) => n.inputs), ...outputs])
      if (v) this.#uses.set(v, (this.#uses.get(v) ?? 0) + 1);
  }

  put(v: Value, at: Operand): void {
    if (!v.node || !this.#here.has(v.node) || this.of.has(v) || !isTensorType(v.fact.type)) return;
    if (storageOf(dtypeOf(v)) !== at.dtype || !sameShape(shapeOf(v), at.shape)) return;
    if (v.node.op.view || hasRows(at)) this.of.set(v, at);
  }

  /** Where v would lie as things are: a stand-in unless it is decided. */
  #expected(v: Value): Operand {
    const { node } = v;
    const source = node?.inputs[0];
    const view =
      node?.op.view && source && this.#here.has(node) && !this.of.has(v)
        ? node.op.view(node, this.#expected(source))?.[v.slot]
        : null;
    return view ?? this.of.get(v) ?? newOperand(dtypeOf(v), shapeOf(v));
  }

  view(node: Node): void {
    const source = node.inputs[0];
    if (!source || node.outputs.length > 1) return;
    const at = this.of.get(node.outputs[0]!);
    const before = at && inverseView(node, at);
    if (before) this.put(source, before);
    else if (source.node?.op.view && this.#uses.get(source) === 1) {
      // Reshape(Transpose(x)) is a copy, unless x is written in the order that the reshape needs
      const dense = newOperand(dtypeOf(source), shapeOf(source));
      if (node.op.view!(node, this.#expected(source))?.[0]) return;
      if (node.op.view!(node, dense)?.[0]) this.put(source, dense);
    }
  }

  parts(node: Node): void {
    const out = node.outputs[0]!;
    const at = this.of.get(out) ?? newOperand(dtypeOf(out), shapeOf(out));
    this.of.set(out, at);
    node.op.parts!(node, at).forEach((part, i) => {
      const v = node.inputs[i];
      if (v && part) this.put(v, part);
    });
  }
}

/**
 * Where outputs of `nodes` (in topological order) shall be written; values without an entry get a
 * buffer of their own. For outputs of views the place is a wish: it holds when their source lies there.
 */
export function placeValues(
  nodes: readonly Node[],
  outputs: readonly (readonly [Value, Operand])[],
): Map<Value, Operand> {
  const places = new Places(
    nodes,
    outputs.map(([v]) => v),
  );
  for (const [v, at] of outputs) places.put(v, at);
  for (const node of [...nodes].reverse()) {
    if (node.op.view) places.view(node);
    else if (node.op.parts) places.parts(node);
  }
  return places.of;
}
