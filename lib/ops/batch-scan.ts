import { applyAll } from '../ir/build.js';
import { evalSteering } from '../ir/eval.js';
import type { Fact, TensorType, Value } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import { type Tensor, sizeOf } from '../tensor/tensor.js';
import { loopBody, outside, slice, stack } from './bodies.js';
import { filled, room } from './moving.js';
import { type ScanAttrs, flags, steerScan, tensorFact } from './scan.js';

const without = ({ dtype, shape }: TensorType, count: number): TensorType => ({
  dtype,
  shape: shape.slice(count),
});

/** `t` with zeros after it, so that its first axis has `length` elements. */
function padded(t: Tensor, length: number): Tensor {
  const inner = t.shape.slice(1);
  const data = room(t, length * sizeOf(inner));
  for (let i = 0; i < t.data.length; i++) data[i] = t.data[i];
  return filled(t, [length, ...inner], data);
}

/**
 * Scan as it was in opset 8: states and sequences have a batch as first axis and the sequences time
 * as second; input 0 holds the length of each sequence, or is null. Results are zero after the end.
 */
export const BatchScan: OpDef<ScanAttrs> = defineOp<ScanAttrs>({
  name: 'BatchScan',
  bodies: (attrs) => [attrs.body],
  withBodies: (attrs, [body]) => ({ ...attrs, body: body! }),
  captures: ({ states, axes }) => 1 + states + axes.length,
  infer(inputs, { body, states }, ctx) {
    const [batch, length] = tensorFact(inputs[1 + states]).shape;
    const outer = inputs.map((fact) => fact && { fact });
    return body.outputs.map((out, i): Fact => {
      const { dtype, shape } = tensorFact((i < states ? body.inputs[i]! : out).fact);
      const inner = outside(shape, outer, ctx);
      return { type: { dtype, shape: [batch!, ...(i < states ? [] : [length!]), ...inner] } };
    });
  },
  eval: (inputs, attrs) => evalSteering(BatchScan.steer!(inputs, attrs), [attrs.body]),
  *steer([lengths, ...inputs], attrs) {
    const { body, states, axes } = attrs;
    const [batch = 0, length = 0] = inputs[states]!.shape;
    const own = states + axes.length;
    const results: Tensor[][] = [];
    for (let b = 0; b < batch; b++) {
      const cut = inputs.map((t, i) => (i < own ? slice(t!, 0, b) : t));
      const trips = lengths ? Number(lengths.data[b]) : length;
      if (trips > length) shapeError(`a sequence of ${trips} elements in ${length}`);
      const made = yield* steerScan(cut, attrs, trips);
      results.push(made.map((t, i) => (i < states ? t : padded(t, length))));
    }
    return body.outputs.map((out, i) => {
      const type = tensorFact(out.fact);
      return stack(
        results.map((r) => r[i]!),
        0,
        i < states ? type : { ...type, shape: [length, ...type.shape] },
      );
    });
  },
  onnx: [
    {
      type: 'Scan',
      since: 8,
      build(n): readonly Value[] {
        const [lengths = null, ...inputs] = n.inputs;
        const count = n.int('num_scan_inputs');
        const states = inputs.length - count;
        if (count < 1 || states < 0 || inputs.includes(null)) shapeError('inputs are missing');
        const types = inputs.map((v) => tensorFact(v!.fact));
        types.forEach((t, i) => {
          if (t.shape.length < (i < states ? 1 : 2))
            shapeError(`input ${i + 1} has no batch or time`);
        });
        const { graph, captures } = loopBody(
          n,
          [],
          types.slice(0, states).map((t) => without(t, 1)),
          types.slice(states).map((t) => without(t, 2)),
          0,
        );
        const results = graph.outputs.length - states;
        const zeros = (k: number): number[] => new Array<number>(k).fill(0);
        const attrs: ScanAttrs = {
          body: graph,
          states,
          axes: zeros(count),
          reversed: flags(n, 'directions', count),
          outAxes: zeros(results),
          outReversed: zeros(results).map(() => false),
        };
        return applyAll(BatchScan, attrs, [lengths, ...inputs, ...captures]);
      },
    },
  ],
});
