/** Identity (ONNX); Dropout, which is one when not training. */
import { raise } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type OnnxNode, defineOp, typeError } from '../ir/op.js';
import type { Value } from '../ir/graph.js';
import { Expand } from './expand.js';
import { numbersOf } from './facts.js';
import { copyTo, movable } from './moving.js';
import { Shape } from './shape.js';

/** Dropout-7 to -22: output 1 is the mask, all true. */
function dropout(n: OnnxNode): Value[] {
  const x = n.inputs[0]!;
  const training = numbersOf(n, n.inputs[2])?.[0];
  if (training && numbersOf(n, n.inputs[1])?.[0] !== 0)
    raise('HAIO_E_UNSUPPORTED', { list: `Dropout ('${n.name}') that trains` });
  if (n.outputCount < 2) return [x];
  return [x, apply(Expand, {}, [literal('bool', [], [1]), apply(Shape, {}, [x])])];
}

export const Identity = defineOp<Record<string, never>>({
  name: 'Identity',
  infer: ([x]) => [x ?? typeError('input 0 is missing')],
  eval: ([x]) => [x!],
  moves: [0],
  onnx: [
    { type: 'Identity', since: 1, build: (n) => [n.inputs[0]!] },
    { type: 'Dropout', since: 1, build: dropout },
  ],
  view: (_, source) => [source],
  permute: ({ attrs }, _from, perm) => ({ attrs, inputs: [perm], outputs: [perm] }),
  lower: (_, l) => copyTo(l, l.in(0), l.out()),
  lowers: movable,
});
