import { evalSteering } from '../ir/eval.js';
import { type Fact, type Graph, type Type, type Value, input } from '../ir/graph.js';
import { type InferContext, type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import { applyAll } from '../ir/build.js';
import { isOne, sameType, tensorParts } from './bodies.js';
import { joinItems } from './sequences.js';

export interface IfAttrs {
  /** both take the node's inputs after the condition */
  readonly then: Graph;
  readonly else: Graph;
}

/** A type that values of both types have; sizes that differ are unknown. */
function common(a: Type, b: Type, ctx: InferContext): Type {
  if (sameType(a, b)) return a;
  if ('sequence' in a && 'sequence' in b) return { sequence: joinItems(a.sequence, b.sequence) };
  const [x, y] = [tensorParts(a), tensorParts(b)];
  if (!x || !y || x.dtype !== y.dtype) typeError('the branches give values of different types');
  if (x.shape.length !== y.shape.length)
    shapeError(`the branches give ranks ${x.shape.length} and ${y.shape.length}`);
  return {
    dtype: x.dtype,
    shape: x.shape.map((d, i) => (d === y.shape[i] ? d : ctx.fresh(`if_${i}`))),
  };
}

/**
 * One of two graphs, by a condition that only the run knows. Inputs: the condition (one bool), then
 * the outer values that the branches use.
 */
export const If: OpDef<IfAttrs> = defineOp<IfAttrs>({
  name: 'If',
  bodies: (attrs) => [attrs.then, attrs.else],
  withBodies: (_, [a, b]) => ({ then: a!, else: b! }),
  captures: () => 1,
  infer(inputs, attrs, ctx) {
    const condition = inputs[0] && tensorParts(inputs[0].type);
    if (condition?.dtype !== 'bool') typeError('the condition must be bool');
    if (attrs.then.outputs.length !== attrs.else.outputs.length)
      typeError('the branches have different numbers of outputs');
    return attrs.then.outputs.map((v, i): Fact => {
      return { type: common(v.fact.type, attrs.else.outputs[i]!.fact.type, ctx) };
    });
  },
  *steer([condition, ...captured]) {
    return yield { body: condition!.data[0] ? 0 : 1, inputs: captured.map((t) => t!) };
  },
  eval: (inputs, attrs) => evalSteering(If.steer!(inputs, attrs), If.bodies!(attrs)),
  lowers: ({ attrs, inputs, outputs }) =>
    isOne(inputs[0]) &&
    outputs.every(({ fact }, i) =>
      [attrs.then, attrs.else].every((g) => sameType(g.outputs[i]!.fact.type, fact.type)),
    ),
  lower({ attrs, inputs }, l) {
    const captured = inputs.slice(1).map((_, i) => l.in(1 + i));
    l.branch(l.in(0), [attrs.then, attrs.else], captured);
  },
  onnx: [1, 11, 13, 16, 19, 21, 23, 24, 25].map((since) => ({
    type: 'If',
    since,
    build(n): readonly Value[] {
      const [a, b] = [n.graph('then_branch'), n.graph('else_branch')];
      const captures = [...new Set([...a.captures, ...b.captures])];
      const close = (body: typeof a): Graph => ({
        ...body.graph,
        inputs: captures.map((v): Value => {
          const i = body.captures.indexOf(v);
          return i < 0 ? input(v.name, v.fact.type) : body.graph.inputs[i]!;
        }),
      });
      return applyAll(If, { then: close(a), else: close(b) }, [n.inputs[0] ?? null, ...captures]);
    },
  })),
});
