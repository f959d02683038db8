/** Range (ONNX): start, start + delta, … up to but without the limit. */
import { apply, constant, constantTensor, literal } from '../ir/build.js';
import { type Node, type Value, dtypeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, shortOf } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import { numericAt } from './facts.js';
import { reshaped } from './reshape.js';
import { knownAt } from './sizes.js';

const NATIVE: readonly DType[] = ['float32', 'float64', 'int16', 'int32', 'int64'];

/** Number of elements; null where the sign of delta is not known. */
function countOf(start: Dim, limit: Dim, delta: Dim): Dim | null {
  const [low, high] = D.bounds(delta);
  if (low === 0 && high === 0) shapeError('delta must not be 0');
  if (low > 0) return D.max(0, D.ceilDiv(D.sub(limit, start), delta));
  return high < 0 ? D.max(0, D.ceilDiv(D.sub(start, limit), D.neg(delta))) : null;
}

function evaluate(inputs: readonly (Tensor | null)[]): Tensor {
  const [start, limit, delta] = inputs.map((t) => toNumbers(t!)[0]!) as [number, number, number];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const values = Array.from({ length: count }, (_, i) => start + i * delta);
  return fromNumbers(inputs[0]!.dtype, [count], values);
}

function range(inputs: readonly (Value | null)[]): Value {
  const known = inputs.map(constantTensor);
  if (known.every((t) => t)) return constant(weightOf(evaluate(known)));
  return apply(Range, {}, inputs);
}

export const Range: OpDef<Record<string, never>> = defineOp<Record<string, never>>({
  name: 'Range',
  infer(inputs, _, ctx) {
    const { dtype } = numericAt(inputs, 0);
    for (const i of [1, 2])
      if (numericAt(inputs, i).dtype !== dtype)
        typeError(`start, limit and delta must be ${dtype}`);
    const [start, limit, delta] = [0, 1, 2].map((i) => knownAt(inputs, i)?.[0]);
    const known = start !== undefined && limit !== undefined && delta !== undefined;
    const count = known ? countOf(start, limit, delta) : null;
    return [{ type: { dtype, shape: [count ?? ctx.fresh('range')] } }];
  },
  eval: (inputs) => [evaluate(inputs)],
  values(inputs) {
    const [start, limit, delta] = [0, 1, 2].map((i) => knownAt(inputs, i)?.[0]);
    if (start === undefined || limit === undefined || delta === undefined) return [undefined];
    const count = countOf(start, limit, delta);
    if (typeof count !== 'number' || count > 1024) return [undefined];
    return [Array.from({ length: count }, (_, i) => D.add(start, D.mul(delta, i)))];
  },
  onnx: [
    { type: 'Range', since: 11, build: (n) => [range(n.inputs)] },
    {
      // the step may be left out
      type: 'Range',
      since: 1,
      domain: 'com.microsoft',
      build({ inputs: [start, limit, step] }) {
        const inputs = [start!, limit!, step ?? literal(dtypeOf(start!), [], [1])];
        return [range(inputs.map((v) => reshaped(v, [])))];
      },
    },
  ],
  lower(_, l) {
    const out = l.out();
    l.emit({
      kernel: `range.${shortOf(out.dtype)}`,
      params: {},
      inputs: [l.in(0), l.in(2)],
      outputs: [out],
      items: out.shape[0]!,
      grain: 16384,
    });
  },
  lowers: (node: Node) => NATIVE.includes(dtypeOf(node.outputs[0]!)),
});
