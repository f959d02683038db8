/** Dropout (ONNX): the identity, or in training x / (1 − ratio) where chance lets it stay, else 0. */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { expanded } from './arrange.js';
import { numbersOf } from './facts.js';
import { importOnly, times } from './formula.js';
import { GreaterOrEqual } from './greater-or-equal.js';
import { RandomUniform } from './random-uniform.js';
import { seedOf } from './random.js';
import { Where } from './where.js';

/**
 * Output 1 is the mask of what stays. Before opset 12 models that train are not told from others, and
 * are taken for such that do not.
 */
function build(n: OnnxNode): Value[] {
  const x = n.inputs[0]!;
  const training = numbersOf(n, n.inputs[2])?.[0];
  const ratio = training ? (numbersOf(n, n.inputs[1])?.[0] ?? 0.5) : 0;
  if (ratio === 0)
    return n.outputCount < 2 ? [x] : [x, expanded(literal('bool', [], [1]), shapeOf(x))];
  const drawn = { dtype: 'float32', shape: null, seed: seedOf(n), range: [0, 1] } as const;
  const least = literal('float32', [], [ratio]);
  const mask = apply(GreaterOrEqual, {}, [apply(RandomUniform, drawn, [x]), least]);
  const none = literal(dtypeOf(x), [], [0]);
  return [apply(Where, {}, [mask, times(x, 1 / (1 - ratio)), none]), mask];
}

export const Dropout = importOnly('Dropout', [{ type: 'Dropout', since: 1, build }]);
