/** Clip (ONNX): min(max(x, lo), hi); NaN stays. */
import { apply, constantTensor, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { isFloat } from '../tensor/dtype.js';
import { toNumbers } from '../tensor/tensor.js';
import { type ElementOp, elementwise } from './elementwise.js';
import { Max } from './max.js';
import { Min } from './min.js';

export interface ClipAttrs {
  readonly lo: number;
  readonly hi: number;
}

const bound = (v: Value | null | undefined, absent: number): number | null => {
  if (!v) return absent;
  const known = constantTensor(v);
  return known && known.data.length === 1 ? toNumbers(known)[0]! : null;
};

/** One node where the bounds are known, else Max and Min. */
function clipped(x: Value, low: Value | null | undefined, high: Value | null | undefined): Value {
  const [lo, hi] = [bound(low, -Infinity), bound(high, Infinity)];
  const exact = (b: number | null): b is number =>
    b !== null && (isFloat(dtypeOf(x)) || Number.isSafeInteger(b));
  if (exact(lo) && exact(hi)) return apply(Clip, { lo, hi }, [x]);
  const raised = low ? apply(Max, {}, [x, low]) : x;
  return high ? apply(Min, {}, [raised, high]) : raised;
}

function byAttributes(n: OnnxNode): Value[] {
  const x = n.inputs[0]!;
  const value = (name: string): Value | null =>
    n.has(name) ? literal(dtypeOf(x), [], [n.float(name)]) : null;
  return [clipped(x, value('min'), value('max'))];
}

export const Clip: ElementOp<ClipAttrs> = elementwise<ClipAttrs>({
  name: 'Clip',
  kernel: 'clip',
  inputs: ['number'],
  numbers:
    ({ lo, hi }) =>
    (x) =>
      Math.min(hi, Math.max(lo, x)),
  exact: ({ lo, hi }) => {
    const [low, high] = [BigInt(lo), BigInt(hi)];
    return (x) => {
      const raised = x > low ? x : low;
      return raised < high ? raised : high;
    };
  },
  dim: ([x], { lo, hi }) => D.min(D.max(x!, lo), hi),
  domains: ['f32', 'f64', 'i64'],
  ordered: true,
  params: ({ lo, hi }) => ({ lo, hi }),
  flops: 2,
  onnx: [
    { type: 'Clip', since: 1, build: byAttributes },
    { type: 'Clip', since: 11, build: (n) => [clipped(n.inputs[0]!, n.inputs[1], n.inputs[2])] },
  ],
});
