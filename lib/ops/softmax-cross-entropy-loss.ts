/**
 * SoftmaxCrossEntropyLoss (ONNX): the negative log likelihood of LogSoftmax over axis 1; output 1 is
 * the LogSoftmax.
 */
import { apply } from '../ir/build.js';
import { shapeError } from '../ir/op.js';
import { importOnly } from './formula.js';
import { LogSoftmax } from './log-softmax.js';
import { likelihoodLoss } from './negative-log-likelihood-loss.js';

export const SoftmaxCrossEntropyLoss = importOnly('SoftmaxCrossEntropyLoss', [
  {
    type: 'SoftmaxCrossEntropyLoss',
    since: 12,
    build(n) {
      const scores = n.inputs[0] ?? shapeError('the scores are missing');
      const logs = apply(LogSoftmax, { axis: 1 }, [scores]);
      return [likelihoodLoss(n, logs), logs];
    },
  },
]);
