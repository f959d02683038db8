import { applyAll } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Fact, type Graph, type Value, isTensorType } from '../ir/graph.js';
import { defineOp, shapeError, typeError } from '../ir/op.js';
import { type Dim, max } from '../tensor/dim.js';
import { type Tensor, fromNumbers } from '../tensor/tensor.js';
import { loopBody, outside, stack } from './bodies.js';

export interface LoopAttrs {
  /**
   * inputs: number of the trip (int64), condition (bool), carried values, captured values; outputs:
   * condition, carried values, items of the results
   */
  readonly body: Graph;
  readonly carried: number;
}

/** The condition never becomes false: a constant, or handed on as it came. */
function endless(body: Graph, condition: Fact | null | undefined): boolean {
  const yes = (f: Fact | null | undefined): boolean => f?.value?.[0] === 1;
  const out = body.outputs[0]!;
  return yes(out.fact) || (out === body.inputs[1] && (!condition || yes(condition)));
}

/**
 * Runs the body while the condition holds, at most so many times. Inputs: number of trips or null,
 * first condition or null, carried values, captured values. Outputs: carried values, then results with
 * a new first axis of one item a trip (Loop-1 to -25).
 */
export const Loop = defineOp<LoopAttrs>({
  name: 'Loop',
  bodies: (attrs) => [attrs.body],
  infer(inputs, { body, carried }, ctx) {
    const limit = inputs[0];
    const known = limit?.value?.length === 1 && endless(body, inputs[1]);
    const trips: Dim = known ? max(limit.value[0]!, 0) : ctx.fresh('trips');
    const outer = inputs.map((fact) => fact && { fact });
    return body.outputs.slice(1).map((out, i): Fact => {
      const { type } = (i < carried ? body.inputs[2 + i]! : out).fact;
      if (!isTensorType(type)) return i < carried ? { type } : typeError('results must be tensors');
      const shape = outside(type.shape, outer, ctx);
      return { type: { dtype: type.dtype, shape: i < carried ? shape : [trips, ...shape] } };
    });
  },
  eval([limit, first, ...rest], { body, carried }) {
    const trips = limit ? Number(limit.data[0]) : Infinity;
    let condition: Tensor = first ?? fromNumbers('bool', [], [1]);
    let values = rest.slice(0, carried).map((t) => t!);
    const captured = rest.slice(carried).map((t) => t!);
    const items: Tensor[][] = body.outputs.slice(1 + carried).map(() => []);
    for (let i = 0; i < trips && condition.data[0]; i++) {
      const trip = fromNumbers('int64', [], [i]);
      const results = evalGraph(body, [trip, condition, ...values, ...captured]);
      condition = results[0]!;
      values = results.slice(1, 1 + carried);
      items.forEach((list, k) => list.push(results[1 + carried + k]!));
    }
    const stacked = items.map((list, k) => {
      const { type } = body.outputs[1 + carried + k]!.fact;
      return isTensorType(type) ? stack(list, 0, type) : typeError('results must be tensors');
    });
    return [...values, ...stacked];
  },
  onnx: [1, 11, 13, 16, 19, 21, 23, 24, 25].map((since) => ({
    type: 'Loop',
    since,
    build(n): readonly Value[] {
      const [limit = null, condition = null, ...values] = n.inputs;
      if (values.includes(null)) shapeError('a carried value is missing');
      const shape = condition && isTensorType(condition.fact.type) ? condition.fact.type.shape : [];
      const { graph, captures } = loopBody(
        n,
        [
          { dtype: 'int64', shape: [] },
          { dtype: 'bool', shape },
        ],
        values.map((v) => v!.fact.type),
        [],
        1,
      );
      const attrs = { body: graph, carried: values.length };
      return applyAll(Loop, attrs, [limit, condition, ...values, ...captures]);
    },
  })),
});
