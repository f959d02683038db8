/**
 * Arithmetic on float16 and bfloat16 in float32. Kernels compute in float32; each value of a half type
 * that something computes with gets a wide twin, and only what must be narrow is rounded: graph
 * outputs, what an explicit Cast asks for, inputs of nodes that do not compute the same on wide values.
 * Elements that are only moved stay narrow until something computes with them. So a chain of nodes is
 * rounded once at its end, where the specification rounds after each of them.
 */
import { applyAll } from '../ir/build.js';
import { type Graph, type Node, type Value, isTensorType, topological } from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { type PassContext, remake } from '../ir/rewrite.js';
import { BitCast } from '../ops/bit-cast.js';
import { Cast } from '../ops/cast.js';
import { cast } from '../ops/formula.js';
import type { DType } from '../tensor/dtype.js';
import { sameShape } from '../tensor/shape.js';

const HALVES: readonly DType[] = ['float16', 'bfloat16'];

const halfOf = (v: Value | null | undefined): DType | null => {
  const type = v?.fact.type;
  return type && isTensorType(type) && HALVES.includes(type.dtype) ? type.dtype : null;
};

/** Elements of the outputs are elements of the inputs. */
const moves = (node: Node): boolean =>
  (node.op.moves !== undefined || node.op.view !== undefined) && !isOp(node, BitCast);

class Widening {
  readonly #narrow = new Map<Value, Value>();
  readonly #wide = new Map<Value, Value>();
  readonly #ctx: PassContext;

  constructor(ctx: PassContext) {
    this.#ctx = ctx;
  }

  /** The value in its own type. */
  narrow(v: Value): Value {
    const known = this.#narrow.get(v);
    if (known) return known;
    const wide = this.#wide.get(v);
    const made = wide ? cast(wide, halfOf(v)!) : v;
    this.#narrow.set(v, made);
    return made;
  }

  /** The value in float32. */
  #widened(v: Value): Value {
    let wide = this.#wide.get(v);
    if (!wide) this.#wide.set(v, (wide = cast(this.narrow(v), 'float32')));
    return wide;
  }

  #keep(node: Node): void {
    const outputs = remake(
      node,
      node.inputs.map((v) => v && this.narrow(v)),
    );
    node.outputs.forEach((o, i) => this.#narrow.set(o, outputs[i]!));
  }

  /** The node on wide inputs, or null where it would not give the same types and sizes. */
  #rebuilt(node: Node): readonly Value[] | null {
    const inputs = node.inputs.map((v) => v && (halfOf(v) ? this.#widened(v) : this.narrow(v)));
    const outputs = applyAll(node.op, node.attrs, inputs, {
      origin: node.origin,
      wanted: node.outputs.map(() => true),
      names: node.outputs.map((o) => (halfOf(o) ? '' : o.name)),
    });
    const fits = node.outputs.every((old, i) => {
      const [was, is] = [old.fact.type, outputs[i]!.fact.type];
      if (!isTensorType(was) || !isTensorType(is)) return false;
      const dtype = halfOf(old) ? 'float32' : was.dtype;
      return is.dtype === dtype && sameShape(is.shape, was.shape);
    });
    return fits ? outputs : null;
  }

  node(node: Node): void {
    const halves = node.inputs.filter((v) => halfOf(v));
    const tensors = [...node.inputs, ...node.outputs].every((v) => !v || isTensorType(v.fact.type));
    if (isOp(node, Cast) && halves.length > 0 && !halfOf(node.outputs[0])) {
      const wide = this.#wide.get(node.inputs[0]!);
      const [to] = node.outputs;
      if (wide) return void this.#narrow.set(to!, cast(wide, node.attrs.to));
    }
    const computes = moves(node) ? halves.some((v) => this.#wide.has(v!)) : halves.length > 0;
    const stays = isOp(node, Cast) || isOp(node, BitCast) || node.op.bodies !== undefined;
    if (!computes || stays || !tensors || !this.#ctx.allow('widen', node)) return this.#keep(node);
    const outputs = this.#rebuilt(node);
    if (!outputs) return this.#keep(node);
    node.outputs.forEach((o, i) => (halfOf(o) ? this.#wide : this.#narrow).set(o, outputs[i]!));
  }
}

const hasHalves = (nodes: readonly Node[]): boolean =>
  nodes.some((n) => n.inputs.some(halfOf) || n.outputs.some(halfOf));

export const widenHalves: Pass = {
  name: 'widen-halves',
  run(graph: Graph, ctx) {
    const nodes = topological(graph.outputs);
    if (!hasHalves(nodes)) return graph;
    const widening = new Widening(ctx);
    for (const node of nodes) widening.node(node);
    return { ...graph, outputs: graph.outputs.map((v) => widening.narrow(v)) };
  },
};
