import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { histogram, printGraph } from '../ir/print.js';
import * as ops from '../ops/index.js';
import { channelsFirst, channelsLast } from '../ops/layout.js';
import { convPadding } from './conv-padding.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { PASSES } from './index.js';
import { graphOf, leaves, optimized, weight, x32 } from './support.test.js';

interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly group?: number;
  readonly bias?: boolean;
}

/** x is [N, H, W, C]. */
function conv(x: Value, out: number, o: ConvOptions = {}): Value {
  const { kernel = 1, stride = 1, pad = 0, group = 1, bias = false } = o;
  const w = weight(out, Number(shapeOf(x).at(-1)) / group, kernel, kernel);
  const two = <T>(v: T): [T, T] => [v, v];
  const attrs = {
    kernel: two(kernel),
    strides: two(stride),
    dilations: two(1),
    pads: two(two(pad)),
    group,
    stages: [],
  };
  return apply(ops.Conv, attrs, [x, w, bias ? weight(out) : null]);
}
/** As importers wrap it: x is [N, C, H, W]. */
const conv1st = (x: Value, out: number, o: ConvOptions = {}): Value =>
  channelsFirst(conv(channelsLast(x), out, o));
const add = (a: Value, b: Value): Value => apply(ops.Add, {}, [a, b]);
const mul = (a: Value, b: Value): Value => apply(ops.Mul, {}, [a, b]);
const relu = (v: Value): Value => apply(ops.Relu, {}, [v]);
/** Scale and shift of [N, C, H, W]. */
const norm1st = (v: Value): Value => {
  const c = Number(shapeOf(v)[1]);
  return add(mul(v, weight(c, 1, 1)), weight(1, c, 1, 1));
};
const pool1st = (v: Value): Value => {
  const window = { kernel: [3, 3], strides: [2, 2], dilations: [1, 1], ceil: false } as const;
  const pads = [
    [1, 1],
    [1, 1],
  ] as const;
  return channelsFirst(apply(ops.MaxPool, { ...window, pads, indices: 'none' }, [channelsLast(v)]));
};
const mean1st = (v: Value): Value => apply(ops.ReduceMean, { axes: [2, 3], keepdims: true }, [v]);

describe('fold-batch-norm', () => {
  const passes = [foldBatchNorm];
  const x = x32(1, 4, 4, 6);
  const scale = (c: number) => weight(1, 1, 1, c);

  it('folds scale and shift behind a convolution', () => {
    leaves(passes, add(mul(conv(x, 8), scale(8)), weight(8)), 'Conv 1');
    leaves(passes, mul(add(conv(x, 8, { bias: true }), scale(8)), weight(8)), 'Conv 1');
    leaves(passes, add(mul(conv(x, 6, { kernel: 3, group: 6 }), scale(6)), scale(6)), 'Conv 1');
    leaves(
      passes,
      add(mul(conv(x, 8), literal('float32', [], [2])), literal('float32', [1], [3])),
      'Conv 1',
    );
  });

  it('folds into transposed convolutions and products', () => {
    const attrs = {
      kernel: [2, 2],
      strides: [2, 2],
      dilations: [1, 1],
      pads: [
        [0, 0],
        [0, 0],
      ] as const,
      group: 1,
      stages: [],
      outputPadding: [0, 0],
      outputShape: null,
    };
    const y = apply(ops.ConvTranspose, attrs, [x, weight(6, 5, 2, 2), null]);
    leaves(passes, add(mul(y, scale(5)), scale(5)), 'ConvTranspose 1');
    leaves(
      passes,
      mul(apply(ops.MatMul, { stages: [] }, [x, weight(6, 3)]), weight(3)),
      'MatMul 1',
    );
  });

  it('folds scale and shift before a convolution without padding', () => {
    leaves(passes, conv(add(mul(x, scale(6)), scale(6)), 8, { kernel: 3, bias: true }), 'Conv 1');
    leaves(
      passes,
      conv(add(mul(x, scale(6)), scale(6)), 8, { kernel: 3, pad: 1 }),
      'Add 1, Conv 1, Mul 1',
    );
    leaves(passes, conv(mul(x, scale(6)), 8, { kernel: 3, pad: 1 }), 'Conv 1');
  });

  it('leaves the rest alone', () => {
    const y = conv(x, 8);
    leaves(passes, [mul(y, scale(8)), y], 'Conv 1, Mul 1');
    leaves(passes, mul(y, weight(4, 1)), 'Conv 1, Mul 1');
    leaves(passes, mul(y, x32(8)), 'Conv 1, Mul 1');
    leaves(passes, add(conv(x32(1, 1, 1, 6), 8), weight(2, 2, 8)), 'Add 1, Conv 1');
  });
});

describe('conv-padding', () => {
  it('pads by a node, but not for depthwise convolutions', () => {
    const x = x32(1, 5, 6, 4);
    leaves([convPadding], conv(x, 3, { kernel: 3, pad: 1 }), 'Conv 1, Pad 1');
    leaves([convPadding], conv(x, 3, { kernel: 3 }), 'Conv 1');
    leaves([convPadding], conv(x, 4, { kernel: 3, pad: 1, group: 4 }), 'Conv 1');
  });
});

describe('the pipeline on images', () => {
  const x = x32(1, 4, 9, 9);
  /** ops of the optimised graph that are not constant */
  const left = (...outputs: Value[]): string => histogram(optimized(graphOf(...outputs), PASSES));

  it('leaves one Transpose at the entry of a residual net', () => {
    const block = (v: Value): Value => {
      const y = relu(norm1st(conv1st(v, 4, { kernel: 3, pad: 1 })));
      return relu(add(norm1st(conv1st(y, 4, { kernel: 3, pad: 1 })), v));
    };
    const stem = pool1st(relu(norm1st(conv1st(x, 4, { kernel: 3, pad: 1, stride: 2 }))));
    const head = apply(ops.Flatten, { axis: 1 }, [mean1st(block(block(stem)))]);
    assert.equal(left(head), 'Conv 5, Pad 5, MaxPool 1, ReduceMean 1, Reshape 1, Transpose 1');
  });

  it('carries squeeze and excitation along', () => {
    const swish = (v: Value): Value => {
      const six = apply(ops.Clip, { lo: 0, hi: 6 }, [add(v, literal('float32', [], [3]))]);
      return apply(ops.Div, {}, [mul(v, six), literal('float32', [], [6])]);
    };
    const block = (v: Value): Value => {
      const wide = swish(norm1st(conv1st(v, 8)));
      const deep = norm1st(conv1st(wide, 8, { kernel: 3, pad: 1, group: 8 }));
      const squeezed = relu(conv1st(mean1st(deep), 2, { bias: true }));
      const gate = apply(ops.HardSigmoid, { alpha: 0.2, beta: 0.5 }, [
        conv1st(squeezed, 8, { bias: true }),
      ]);
      return add(norm1st(conv1st(swish(mul(deep, gate)), 4)), v);
    };
    const y = mean1st(block(block(conv1st(x, 4))));
    assert.equal(left(y), 'Conv 11, ReduceMean 3, Chain 2, Reshape 1, Transpose 1');
  });

  it('carries concatenations, resizes and attention over channels along', () => {
    const branches = [1, 3].map((kernel) => relu(conv1st(x, 4, { kernel, pad: (kernel - 1) / 2 })));
    const joined = apply(ops.Concat, { axis: 1 }, [...branches, x]);
    const gated = mul(joined, apply(ops.Softmax, { axis: 1 }, [joined]));
    const g = optimized(graphOf(conv1st(gated, 2)), PASSES);
    assert.equal(histogram(g), 'Conv 3, Transpose 2, Concat 1, Mul 1, Pad 1, Softmax 1');
    assert.match(printGraph(g), /Softmax\(.*\) \{axis: 3\}/);
  });

  it('normalises channels in the layout of the convolutions', () => {
    const mean = (v: Value): Value => apply(ops.ReduceMean, { axes: [1], keepdims: true }, [v]);
    const y = conv1st(x, 4);
    const d = apply(ops.Sub, {}, [y, mean(y)]);
    const root = apply(ops.Sqrt, {}, [add(mean(mul(d, d)), literal('float32', [], [1e-5]))]);
    const normed = norm1st(apply(ops.Div, {}, [d, root]));
    assert.equal(left(conv1st(normed, 8)), 'Conv 2, Transpose 2, LayerNorm 1');
  });

  it('keeps Transposes that nothing can take', () => {
    const flat = apply(ops.Flatten, { axis: 1 }, [relu(conv1st(x, 4))]);
    const y = apply(ops.MatMul, { stages: [] }, [flat, weight(324, 3)]);
    const g = optimized(graphOf(y), PASSES);
    assert.equal(histogram(g), 'Transpose 2, Conv 1, MatMul 1, Reshape 1');
    // the activation stays beside the convolution
    assert.match(printGraph(g), /Conv.* stages: \[Relu\(0\)\]/);
  });
});
