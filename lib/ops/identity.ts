/** Identity (ONNX); com.microsoft's forms of Dropout, which are identities when not training. */
import { raise } from '../errors.js';
import { literal } from '../ir/build.js';
import { type OnnxNode, defineOp, typeError } from '../ir/op.js';
import { type Value, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { expanded } from './arrange.js';
import { numbersOf } from './facts.js';
import { plus } from './formula.js';
import { copyTo, movable } from './moving.js';

/** HAIO_E_UNSUPPORTED where elements would be dropped. */
function mustNotTrain(n: OnnxNode, ratio: Value | null | undefined, training: typeof ratio): void {
  if (numbersOf(n, training)?.[0] && numbersOf(n, ratio)?.[0] !== 0)
    raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') that trains` });
}

/** BiasDropout: x + bias + residual. The mask of the bitmask forms has a bit for each element. */
function microsoftDropout(n: OnnxNode): Value[] {
  const biased = n.type.includes('Bias');
  const [x, bias, residual] = n.inputs as [Value, ...(Value | null)[]];
  mustNotTrain(n, n.inputs[biased ? 3 : 1], n.inputs[biased ? 4 : 2]);
  const y = biased ? [bias, residual].reduce<Value>((s, v) => (v ? plus(s, v) : s), x) : x;
  if (n.outputCount < 2) return [y];
  if (!n.type.startsWith('Bitmask')) return [y, expanded(literal('bool', [], [1]), shapeOf(y))];
  const words = D.ceilDiv(product(shapeOf(y)), 32);
  return [y, expanded(literal('uint32', [], [2 ** 32 - 1]), [words])];
}

export const Identity = defineOp<Record<string, never>>({
  name: 'Identity',
  infer: ([x]) => [x ?? typeError('input 0 is missing')],
  eval: ([x]) => [x!],
  moves: [0],
  onnx: [
    { type: 'Identity', since: 1, build: (n) => [n.inputs[0]!] },
    ...['BiasDropout', 'BitmaskDropout', 'BitmaskBiasDropout'].map((type) => ({
      type,
      since: 1,
      domain: 'com.microsoft',
      build: microsoftDropout,
    })),
  ],
  view: (_, source) => [source],
  permute: ({ attrs }, _from, perm) => ({ attrs, inputs: [perm], outputs: [perm] }),
  lower: (_, l) => copyTo(l, l.in(0), l.out()),
  lowers: movable,
});
