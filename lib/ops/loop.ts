import { applyAll } from '../ir/build.js';
import { evalSteering } from '../ir/eval.js';
import { type Fact, type Graph, type Value, isTensorType, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import { type Dim, max } from '../tensor/dim.js';
import type { LoopInput } from '../ir/step.js';
import { type Tensor, fromNumbers } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { isOne, isSliceOf, loopBody, outside, stack, staysFixed } from './bodies.js';

export interface LoopAttrs {
  /**
   * inputs: number of the trip (int64), condition (bool), carried values, captured values; outputs:
   * condition, carried values, items of the results
   */
  readonly body: Graph;
  readonly carried: number;
}

const holds = (f: Fact | null | undefined): boolean => f?.value?.[0] === 1;

/** The condition never becomes false: a constant, or handed on as it came. */
function endless(body: Graph, condition: Fact | null | undefined): boolean {
  const out = body.outputs[0]!;
  return holds(out.fact) || (out === body.inputs[1] && (!condition || holds(condition)));
}

/** Number of trips at most, where it is known. */
const limitOf = (limit: Fact | null | undefined): Dim | null =>
  limit?.value?.length === 1 ? max(limit.value[0]!, 0) : null;

/** Number of trips, where it is known. */
const countOf = (body: Graph, [limit, condition]: readonly (Fact | null)[]): Dim | null =>
  endless(body, condition) ? limitOf(limit) : null;

/** What no run reaches. */
const MOST_TRIPS = 2 ** 40;

/**
 * Runs the body while the condition holds, at most so many times. Inputs: number of trips or null,
 * first condition or null, carried values, captured values. Outputs: carried values, then results with
 * a new first axis of one item a trip (Loop-1 to -25).
 */
export const Loop: OpDef<LoopAttrs> = defineOp<LoopAttrs>({
  name: 'Loop',
  bodies: (attrs) => [attrs.body],
  withBodies: (attrs, [body]) => ({ ...attrs, body: body! }),
  captures: ({ carried }) => 2 + carried,
  infer(inputs, { body, carried }, ctx) {
    const trips = countOf(body, inputs) ?? ctx.fresh('trips');
    const outer = inputs.map((fact) => fact && { fact });
    return body.outputs.slice(1).map((out, i): Fact => {
      const { type } = (i < carried ? body.inputs[2 + i]! : out).fact;
      if (!isTensorType(type)) return i < carried ? { type } : typeError('results must be tensors');
      const shape = outside(type.shape, outer, ctx);
      return { type: { dtype: type.dtype, shape: i < carried ? shape : [trips, ...shape] } };
    });
  },
  eval: (inputs, attrs) => evalSteering(Loop.steer!(inputs, attrs), [attrs.body]),
  *steer([limit, first, ...rest], { body, carried }) {
    const trips = limit ? Number(limit.data[0]) : Infinity;
    let condition: Tensor = first ?? fromNumbers('bool', [], [1]);
    let values = rest.slice(0, carried).map((t) => t!);
    const captured = rest.slice(carried).map((t) => t!);
    const items: Tensor[][] = body.outputs.slice(1 + carried).map(() => []);
    for (let i = 0; i < trips && condition.data[0]; i++) {
      const trip = fromNumbers('int64', [], [i]);
      const results = yield { body: 0, inputs: [trip, condition, ...values, ...captured] };
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
  lowers(node) {
    const { body, carried } = node.attrs;
    const [limit, first, ...values] = node.inputs;
    const fixed = values
      .slice(0, carried)
      .every((v, i) => staysFixed(v, body.inputs[2 + i]!, body.outputs[1 + i]!, node.outputs[i]!));
    // results are written in place: their number must be known
    const known =
      node.outputs.length === carried ||
      (countOf(
        body,
        node.inputs.map((v) => v?.fact ?? null),
      ) !== null &&
        body.outputs
          .slice(1 + carried)
          .every((v, i) => isSliceOf(v, node.outputs[carried + i], 0)));
    const cells = (!limit || isOne(limit)) && (!first || isOne(first));
    return fixed && known && cells && isOne(body.outputs[0]) && isOne(body.inputs[1]);
  },
  lower(node, l) {
    const { body, carried } = node.attrs;
    const { inputs } = node;
    const count = limitOf(inputs[0]?.fact);
    l.loop({
      body,
      trips: count ?? MOST_TRIPS,
      limit: count === null && inputs[0] ? l.in(0) : null,
      first: inputs[1] && !holds(inputs[1].fact) ? l.in(1) : null,
      next: endless(body, inputs[1]?.fact) ? null : 0,
      inputs: body.inputs.map((v, i): LoopInput => {
        if (i === 0) return { kind: 'counter' };
        // a trip that runs has found it true
        if (i === 1) {
          const shape = shapeOf(v).map(() => 1);
          return { kind: 'same', at: l.constant(weightOf(fromNumbers('bool', shape, [1]))) };
        }
        if (i >= 2 + carried) return { kind: 'same', at: l.in(i) };
        return { kind: 'state', initial: l.in(i), from: i - 1, last: l.out(i - 2) };
      }),
      outputs: body.outputs.map((_, i) =>
        i > carried ? { kind: 'slice', of: l.out(i - 1), axis: 0, reversed: false } : null,
      ),
    });
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
