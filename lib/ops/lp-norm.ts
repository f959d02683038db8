/** LpNormalization (ONNX): x / (Σ |x|^p)^(1/p) along an axis, p 1 or 2; a line of zeros stays. */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { fromStart, rankAt } from './facts.js';
import { atLeast, importOnly, over } from './formula.js';
import { ReduceL1 } from './reduce-l1.js';
import { ReduceL2 } from './reduce-l2.js';

/** The smallest normal float32: zeros divided by it are zeros. */
const SMALLEST = 2 ** -126;

function build(n: OnnxNode): Value[] {
  const p = n.int('p', 2);
  if (p !== 1 && p !== 2)
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'p',
      expected: '1 or 2',
      got: p,
    });
  const x = n.inputs[0]!;
  const axes = [fromStart(n.int('axis', -1), rankAt(n, 0))];
  const norm = apply(p === 1 ? ReduceL1 : ReduceL2, { axes, keepdims: true }, [x]);
  return [over(x, atLeast(norm, SMALLEST))];
}

export const LpNorm = importOnly('LpNorm', [{ type: 'LpNormalization', since: 1, build }]);
