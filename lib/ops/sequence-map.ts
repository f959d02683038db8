/** SequenceMap (ONNX): a graph for each item; its results are sequences. */
import { applyAll } from '../ir/build.js';
import { evalSteering } from '../ir/eval.js';
import { type Graph, type Type, type Value, isTensorType } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import { newSymbol, symbolDim } from '../tensor/dim.js';
import { itemsOf, sequenceOf } from '../tensor/sequence.js';
import type { Tensor } from '../tensor/tensor.js';
import { outside } from './bodies.js';
import { VARIES, oneItem } from './sequences.js';

export interface SequenceMapAttrs {
  /** inputs: an item or the value for each of the node's inputs, in their order */
  readonly body: Graph;
  /** inputs that are sequences; the first gives the number of trips */
  readonly mapped: readonly boolean[];
}

export const SequenceMap: OpDef<SequenceMapAttrs> = defineOp<SequenceMapAttrs>({
  name: 'SequenceMap',
  bodies: ({ body }) => [body],
  withBodies: (attrs, [body]) => ({ ...attrs, body: body! }),
  infer(inputs, { body }, ctx) {
    const outer = inputs.map((fact) => fact && { fact });
    return body.outputs.map(({ fact: { type } }) => {
      if (!isTensorType(type)) typeError('results must be tensors');
      const vary = { ...ctx, fresh: () => VARIES };
      const shape = outside(type.shape, outer, vary);
      return { type: { sequence: { dtype: type.dtype, shape } } };
    });
  },
  eval: (inputs, attrs) => evalSteering(SequenceMap.steer!(inputs, attrs), [attrs.body]),
  *steer(inputs, { body, mapped }) {
    const count = itemsOf(inputs[0]).length;
    const results: Tensor[][] = body.outputs.map(() => []);
    const itemOf = (i: number, k: number): Tensor =>
      mapped[k]
        ? (itemsOf(inputs[k])[i] ?? shapeError(`sequence ${k} has no item ${i}`))
        : inputs[k]!;
    for (let i = 0; i < count; i++) {
      const made = yield { body: 0, inputs: inputs.map((_, k) => itemOf(i, k)) };
      made.forEach((t, r) => results[r]!.push(t));
    }
    return results.map(sequenceOf);
  },
  onnx: [
    {
      type: 'SequenceMap',
      since: 17,
      build(n): readonly Value[] {
        const types = n.inputs.map((v) => v?.fact.type ?? typeError('an input is missing'));
        const ctx = {
          wanted: [],
          pin: Number,
          fresh: (hint: string) => symbolDim(newSymbol(hint)),
        };
        const items = types.map((t): Type => ('sequence' in t ? oneItem(t.sequence, ctx) : t));
        const { graph, captures } = n.graph('body', items);
        const mapped = types.map((t) => 'sequence' in t);
        if (!mapped[0]) typeError('input 0 must be a sequence');
        return applyAll(
          SequenceMap,
          { body: graph, mapped: [...mapped, ...captures.map(() => false)] },
          [...n.inputs, ...captures],
          { wanted: graph.outputs.map(() => true) },
        );
      },
    },
  ],
});
