/**
 * A sum that a normalisation reads is made by the normalisation itself, one pass over memory for
 * both. Runs after fold-into-gemm: a sum that a product can make on its tile costs even less.
 */
import { applyAll } from '../ir/build.js';
import { type Node, type Value, shapeOf, topological, usersOf } from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { mapGraph } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { LayerNorm } from '../ops/layer-norm.js';
import { RmsNorm } from '../ops/rms-norm.js';
import type { RowNormAttrs } from '../ops/row-norm.js';
import { isConstant } from './fold-constants.js';
import { sameShape } from '../tensor/shape.js';

export const fuseResidualNorm: Pass = {
  name: 'fuse-residual-norm',
  rules: ['residual'],
  run(graph, ctx) {
    const order = topological(graph.outputs);
    const users = usersOf(order);
    const outputs = new Set(graph.outputs);
    const made = new Map<Node, Value>();
    return mapGraph(graph, (node, was) => {
      const done = made.get(was);
      if (done) return [done];
      if (!isOp(node, Add)) return null;
      const [x, residual] = node.inputs as [Value, Value];
      const y = was.outputs[0]!;
      const readers = users.get(y) ?? [];
      const norm = readers.find((n) => canAdd(n, y));
      const plain = [x, residual].every((v) => sameShape(shapeOf(v), shapeOf(y)));
      if (!norm || !plain || !ctx.allow('residual', norm)) return null;
      const sum = readers.length > 1 || outputs.has(y);
      const [, scale = null, bias = null] = norm.inputs;
      const attrs = { ...(norm.attrs as RowNormAttrs), sum };
      const results = applyAll(norm.op, attrs, [x, scale, bias, residual], {
        origin: [...new Set([...was.origin, ...norm.origin])],
        wanted: [true, sum],
        names: [norm.outputs[0]!.name, y.name],
      });
      made.set(norm, results[0]!);
      return sum ? [results[1]!] : null;
    });
  },
};

/** A norm of v without a residual; scale and bias must be there before v is. */
function canAdd(node: Node, v: Value): boolean {
  if (!isOp(node, LayerNorm) && !isOp(node, RmsNorm)) return false;
  const [x, scale, bias, residual] = node.inputs;
  const ready = (w: Value | null | undefined): boolean => !w || isConstant(w);
  return x === v && !residual && !node.attrs.sum && ready(scale) && ready(bias);
}
