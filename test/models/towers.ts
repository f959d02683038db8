/** Models whose size is a parameter, for tests of sessions. */
import { encodeModel, graph, modelOf, node, valueInfo } from '../../lib/onnx/export.js';
import type { NodeProto, Plain } from '../../lib/onnx/messages.js';
import { type Tensor, fromNumbers } from '../../lib/tensor/tensor.js';
import { random } from './random.js';

/** y = relu(x · w + b): x float32 [n, width] → y float32 [n, width] */
export function linear(width: number, seed = 1): Uint8Array {
  const r = random(seed);
  return encodeModel(
    modelOf(
      graph(
        [
          node('MatMul', ['x', 'w'], ['xw']),
          node('Add', ['xw', 'b'], ['sum']),
          node('Relu', ['sum'], ['y']),
        ],
        [valueInfo('x', 'float32', ['n', width])],
        [valueInfo('y', 'float32', ['n', width])],
        { w: r.tensor([width, width], 1 / Math.sqrt(width)), b: r.tensor([width]) },
      ),
      17,
    ),
  );
}

/** `depth` products of [n, width] with square weights, one after the other: long enough to be busy. */
export function tower(width: number, depth: number, seed = 2): Uint8Array {
  const r = random(seed);
  const nodes: Plain<NodeProto>[] = [];
  const weights: Record<string, Tensor> = {};
  for (let i = 0; i < depth; i++) {
    weights[`w${i}`] = r.tensor([width, width], 1 / Math.sqrt(width));
    nodes.push(
      node('MatMul', [i === 0 ? 'x' : `h${i}`, `w${i}`], [i === depth - 1 ? 'y' : `h${i + 1}`]),
    );
  }
  return encodeModel(
    modelOf(
      graph(
        nodes,
        [valueInfo('x', 'float32', ['n', width])],
        [valueInfo('y', 'float32', ['n', width])],
        weights,
      ),
      17,
    ),
  );
}

/** conv → relu → depthwise → conv + residual → global pool → linear: [n, 3, side, side] → [n, 10] */
export function smallCnn(seed = 3): Uint8Array {
  const r = random(seed);
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  return encodeModel(
    modelOf(
      graph(
        [
          node('Conv', ['x', 'w1', 'b1'], ['c1'], { ...window, strides: [2, 2] }),
          node('Relu', ['c1'], ['r1']),
          node('Conv', ['r1', 'wd'], ['cd'], { ...window, group: 16 }),
          node('Conv', ['cd', 'w2', 'b2'], ['c2'], { kernel_shape: [1, 1] }),
          node('Add', ['c2', 'r1'], ['s2']),
          node('GlobalAveragePool', ['s2'], ['g']),
          node('Flatten', ['g'], ['f']),
          node('Gemm', ['f', 'w3', 'b3'], ['y'], { transB: 1 }),
        ],
        [valueInfo('x', 'float32', ['n', 3, 'side', 'side'])],
        [valueInfo('y', 'float32', ['n', 10])],
        {
          w1: r.tensor([16, 3, 3, 3], 0.3),
          b1: r.tensor([16]),
          wd: r.tensor([16, 1, 3, 3], 0.3),
          w2: r.tensor([16, 16, 1, 1], 0.3),
          b2: r.tensor([16]),
          w3: r.tensor([10, 16], 0.3),
          b3: r.tensor([10]),
        },
      ),
      13,
    ),
  );
}

/** Outputs that need no kernel: the input [3], a constant [3], and the places of non-zero elements. */
export const passThrough = (): Uint8Array =>
  encodeModel(
    modelOf(
      graph(
        [
          node('Identity', ['in'], ['x']),
          node('Identity', ['c'], ['constant']),
          node('NonZero', ['in'], ['places']),
        ],
        [valueInfo('in', 'float32', [3])],
        [
          valueInfo('x', 'float32', [3]),
          valueInfo('constant', 'float32', [3]),
          valueInfo('places', 'int64', [1, null]),
        ],
        { c: fromNumbers('float32', [3], [7, 8, 9]) },
      ),
      17,
    ),
  );

/** y = x in upper case: a node that runs in JavaScript. string [n] → string [n] */
export const upperCase = (): Uint8Array =>
  encodeModel(
    modelOf(
      graph(
        [
          {
            ...node('StringNormalizer', ['x'], ['y'], { case_change_action: 'UPPER' }),
            name: 'shout',
          },
        ],
        [valueInfo('x', 'string', ['n'])],
        [valueInfo('y', 'string', ['n'])],
      ),
      17,
    ),
  );
