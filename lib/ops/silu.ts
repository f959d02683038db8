/** Silu: x · sigmoid(x), also called Swish. */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { unary } from './elementwise.js';
import { Mul } from './mul.js';
import { Sigmoid } from './sigmoid.js';

/** x · sigmoid(alpha · x) */
function swish(n: OnnxNode, alpha: number): Value[] {
  const x = n.inputs[0]!;
  if (alpha === 1) return [apply(Silu, {}, [x])];
  const scaled = apply(Mul, {}, [x, literal(dtypeOf(x), [], [alpha])]);
  return [apply(Mul, {}, [x, apply(Sigmoid, {}, [scaled])])];
}

export const Silu = unary('Silu', (x) => x / (1 + Math.exp(-x)), {
  flops: 17,
  onnx: [
    { type: 'Swish', since: 24, build: (n) => swish(n, n.float('alpha', 1)) },
    {
      type: 'SwiGLU',
      since: 28,
      build: (n) => [apply(Mul, {}, [swish(n, n.float('alpha', 1))[0]!, n.inputs[1]!])],
    },
    {
      type: 'QuickGelu',
      since: 1,
      domain: 'com.microsoft',
      build: (n) => swish(n, n.float('alpha', 1.702)),
    },
  ],
});
