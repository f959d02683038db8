/**
 * Gelu (ONNX): x · Φ(x) = x/2 · (1 + erf(x/√2)), or its tanh approximation; 'coarse': the first to the
 * accuracy of bfloat16.
 */
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { Add } from './add.js';
import { elementwise } from './elementwise.js';
import { erf } from './erf.js';

export interface GeluAttrs {
  readonly approximate: 'none' | 'tanh' | 'coarse';
}

const exact = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
const FORMS = {
  none: exact,
  coarse: exact,
  tanh: (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** As native/ops/gelu.cpp counts them. */
const KERNEL_FORMS: readonly GeluAttrs['approximate'][] = ['none', 'tanh', 'coarse'];

/** Microsoft's forms: an optional bias is added first. */
function biased(n: OnnxNode, approximate: GeluAttrs['approximate']): Value[] {
  const [x, bias] = n.inputs;
  return [apply(Gelu, { approximate }, [bias ? apply(Add, {}, [x!, bias]) : x!])];
}
const domain = 'com.microsoft';

export const Gelu = elementwise<GeluAttrs>({
  name: 'Gelu',
  kernel: 'gelu',
  inputs: ['float'],
  numbers: ({ approximate }) => FORMS[approximate],
  domains: ['f32', 'f64'],
  params: ({ approximate }) => ({ form: KERNEL_FORMS.indexOf(approximate) }),
  flops: 22,
  onnx: [
    {
      type: 'Gelu',
      since: 20,
      read: (n) => ({ approximate: n.string('approximate', 'none') === 'tanh' ? 'tanh' : 'none' }),
    },
    { type: 'Gelu', since: 1, domain, build: (n) => biased(n, 'none') },
    { type: 'BiasGelu', since: 1, domain, build: (n) => biased(n, 'none') },
    { type: 'FastGelu', since: 1, domain, build: (n) => biased(n, 'tanh') },
  ],
});
