import assert from 'node:assert/strict';
import { HaioError } from '../errors.js';
import { apply } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, input } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { BatchNorm } from './batch-norm.js';
import { GroupNorm } from './group-norm.js';
import { LayerNorm } from './layer-norm.js';
import { LpNorm } from './lp-norm.js';
import { Lrn } from './lrn.js';
import { MeanVarianceNorm } from './mean-variance-norm.js';
import { RmsNorm } from './rms-norm.js';

const t = (shape: readonly number[], ...values: number[]): Tensor =>
  fromNumbers('float64', shape, values);
const close = (got: Tensor | undefined, expected: readonly number[], within = 1e-9): void => {
  const numbers = [...toNumbers(got!)];
  assert.equal(numbers.length, expected.length);
  numbers.forEach((g, i) =>
    assert.ok(Math.abs(g - expected[i]!) <= within, `${g} ≈ ${expected[i]}`),
  );
};

interface Given {
  readonly opset?: number;
  readonly attrs?: Record<string, unknown>;
  readonly outputs?: number;
}

/** The outputs of an ONNX node whose inputs are these tensors. */
function imported(
  op: OpDef<never>,
  type: string,
  tensors: readonly (Tensor | null)[],
  { opset = 17, attrs = {}, outputs = 1 }: Given = {},
): Tensor[] {
  const values = tensors.map((x, i) => x && input(`x${i}`, { dtype: x.dtype, shape: x.shape }));
  const get = (name: string, fallback?: unknown) => attrs[name] ?? fallback;
  const n = {
    name: 'n',
    type,
    inputs: values,
    outputCount: outputs,
    int: get,
    float: get,
    ints: get,
  };
  const entry = op.onnx!.filter((e) => e.type === type && e.since <= opset).at(-1)!;
  const results: readonly Value[] = entry.build!(n as unknown as OnnxNode);
  const there = values.filter((v) => v !== null);
  return evalGraph(
    { inputs: there, outputs: results, outputNames: results.map((_, i) => `y${i}`) },
    tensors.filter((x) => x !== null),
  );
}

describe('LayerNorm and RmsNorm', () => {
  const attrs = { axis: 1, epsilon: 0, sum: false };
  const x = t([2, 4], 1, 2, 3, 4, -1, 1, -1, 1);
  const s = 1 / Math.sqrt(1.25);
  it('normalise rows', () => {
    const [y] = LayerNorm.eval!([x], attrs);
    close(y, [-1.5 * s, -0.5 * s, 0.5 * s, 1.5 * s, -1, 1, -1, 1]);
    const r = 1 / Math.sqrt(7.5);
    close(RmsNorm.eval!([x], attrs)[0], [r, 2 * r, 3 * r, 4 * r, -1, 1, -1, 1]);
  });
  it('scale, shift and add a residual, whose sum is an output', () => {
    const [y, sum] = LayerNorm.eval!(
      [t([1, 2], 1, 1), t([2], 2, 3), t([2], 10, 20), t([1, 2], 0, 4)],
      { ...attrs, sum: true },
    );
    close(y, [8, 23]);
    close(sum, [1, 5]);
  });
  it('take all axes from the given one together', () => {
    close(LayerNorm.eval!([t([2, 2], -1, 1, -1, 1)], { ...attrs, axis: 0 })[0], [-1, 1, -1, 1]);
  });
  it('LayerNormalization also gives mean and inverse deviation', () => {
    const outputs = imported(LayerNorm as never, 'LayerNormalization', [x, t([4], 1, 1, 1, 1)], {
      attrs: { epsilon: 0 },
      outputs: 3,
    });
    close(outputs[1], [2.5, 0]);
    close(outputs[2], [s, 1]);
    assert.deepEqual(outputs[1]!.shape, [2, 1]);
  });
  it('a scale that is only broadcast is applied as it stands', () => {
    const given = [x, t([1], 3), t([], 1)];
    const [y] = imported(LayerNorm as never, 'LayerNormalization', given, {
      attrs: { epsilon: 0 },
    });
    close(y, [1 - 4.5 * s, 1 - 1.5 * s, 1 + 1.5 * s, 1 + 4.5 * s, -2, 4, -2, 4]);
  });
  it('SkipLayerNormalization adds skip and bias', () => {
    const [y, , , sum] = imported(
      LayerNorm as never,
      'SkipLayerNormalization',
      [t([1, 2], 1, 2), t([1, 2], 3, 4), t([2], 1, 1), null, t([2], 0, 2)],
      { attrs: { epsilon: 0 }, outputs: 4 },
    );
    close(sum, [4, 8]);
    close(y, [-1, 1]);
  });
  it('SkipSimplifiedLayerNormalization', () => {
    const [y, , , sum] = imported(
      RmsNorm as never,
      'SkipSimplifiedLayerNormalization',
      [t([1, 2], 1, 2), t([1, 2], 3, 4), t([2], 5, 1)],
      { attrs: { epsilon: 0 }, outputs: 4 },
    );
    close(sum, [4, 6]);
    const r = 1 / Math.sqrt(26);
    close(y, [20 * r, 6 * r]);
  });
});

describe('GroupNorm', () => {
  it('of one channel is InstanceNormalization', () => {
    const x = t([1, 2, 2], 1, 3, 10, 10);
    const [y] = imported(
      GroupNorm as never,
      'InstanceNormalization',
      [x, t([2], 2, 1), t([2], 0, 5)],
      {
        attrs: { epsilon: 0.0001 },
      },
    );
    close(y, [-2, 2, 5, 5], 1e-3);
  });
  it('is the same with the channels last', () => {
    const values = Array.from({ length: 24 }, (_, i) => (i * 7) % 11);
    const scale = t([4], 1, 2, 3, 4);
    const bias = t([4], 0, 1, 0, -1);
    const attrs = { size: 2, epsilon: 1e-3, channelsLast: false };
    const first = toNumbers(GroupNorm.eval!([t([2, 4, 3], ...values), scale, bias], attrs)[0]!);
    // [2, 3, 4]: element (n, s, c) is element (n, c, s) of the other
    const at = (i: number) => Math.floor(i / 12) * 12 + (i % 4) * 3 + (Math.floor(i / 4) % 3);
    const turned = values.map((_, i) => values[at(i)]!);
    const last = GroupNorm.eval!([t([2, 3, 4], ...turned), scale, bias], {
      ...attrs,
      channelsLast: true,
    })[0];
    close(
      last,
      values.map((_, i) => first[at(i)]!),
    );
  });
  it('spreads parameters of groups over channels before opset 21', () => {
    const x = t([1, 4, 1], 0, 2, 5, 9);
    const attrs = { num_groups: 2, epsilon: 0 };
    const of = (opset: number, scale: number[], bias: number[]) =>
      imported(
        GroupNorm as never,
        'GroupNormalization',
        [x, t([scale.length], ...scale), t([bias.length], ...bias)],
        { opset, attrs },
      )[0];
    close(of(18, [1, 3], [0, 1]), [-1, 1, -2, 4]);
    close(of(21, [1, 1, 3, 3], [0, 0, 1, 1]), [-1, 1, -2, 4]);
  });
  it('needs groups that divide the channels', () => {
    const x = input('x', { dtype: 'float32', shape: [1, 5, 2] });
    const v = input('v', { dtype: 'float32', shape: [5] });
    const attrs = { size: 2, epsilon: 0, channelsLast: false };
    assert.throws(() => apply(GroupNorm, attrs, [x, v, v]), HaioError);
  });
});

describe('normalisations that are formulas', () => {
  it('BatchNormalization', () => {
    const vectors = [t([2], 2, 1), t([2], 1, 0), t([2], 3, -1), t([2], 4, 1)];
    const x = t([1, 2, 1, 2], 3, 5, 0, -1);
    const [y] = imported(BatchNorm, 'BatchNormalization', [x, ...vectors], {
      attrs: { epsilon: 0 },
    });
    close(y, [1, 3, 1, 0]);
  });
  it('LpNormalization leaves a line of zeros', () => {
    const x = t([2, 2], 3, -4, 0, 0);
    close(imported(LpNorm, 'LpNormalization', [x])[0], [0.6, -0.8, 0, 0]);
    const one = imported(LpNorm, 'LpNormalization', [x], { attrs: { p: 1, axis: 0 } });
    close(one[0], [1, -1, 0, 0]);
  });
  it('MeanVarianceNormalization', () => {
    const x = t([1, 2, 1, 2], 1, 3, 1000, 1002);
    close(imported(MeanVarianceNorm, 'MeanVarianceNormalization', [x])[0], [-1, 1, -1, 1], 1e-6);
  });
  it('LRN clips its window to the channels', () => {
    const attrs = { size: 3, alpha: 3, beta: 1, bias: 1 };
    const x = t([1, 4], 1, 2, 3, 4);
    close(Lrn.eval!([x], attrs)[0], [1 / 6, 2 / 15, 3 / 30, 4 / 26]);
    // an even window reaches further to the right
    close(Lrn.eval!([x], { ...attrs, size: 2, alpha: 2 })[0], [1 / 6, 2 / 14, 3 / 26, 4 / 17]);
  });
});
