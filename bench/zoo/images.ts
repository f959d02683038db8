/**
 * Image models as PyTorch's exporter writes them: convolutions with batch normalisation kept apart, He-normal
 * weights, statistics as after training. `width` scales channels and `depth` repetitions, for tests.
 */
import { Writer } from './writer.js';

export interface ImageConfig {
  readonly width: number;
  readonly depth: number;
  /** of the square input */
  readonly side: number;
}
export const FULL: ImageConfig = { width: 1, depth: 1, side: 224 };
const CLASSES = 1000;

interface ConvOptions {
  readonly stride?: number;
  readonly group?: number;
  readonly kernel?: number;
}

/** Channels scaled, to a multiple of 8. */
const scaled = (channels: number, { width }: ImageConfig): number =>
  Math.max(8, 8 * Math.round((channels * width) / 8));
const times = (n: number, { depth }: ImageConfig): number => Math.max(1, Math.round(n * depth));

class Net extends Writer {
  #layers = 0;
  constructor(seed: number) {
    super(17, seed);
  }
  conv(x: string, from: number, to: number, options: ConvOptions = {}, bias = false): string {
    const { kernel = 1, stride = 1, group = 1 } = options;
    const name = `conv${++this.#layers}`;
    const fan = (from / group) * kernel * kernel;
    const w = this.normal([to, from / group, kernel, kernel], Math.sqrt(2 / fan));
    const inputs = [x, this.weight(`${name}.weight`, w)];
    if (bias) inputs.push(this.weight(`${name}.bias`, this.normal([to], 0.01)));
    const half = (kernel - 1) >> 1;
    return this.op('Conv', inputs, {
      dilations: [1, 1],
      group,
      kernel_shape: [kernel, kernel],
      pads: [half, half, half, half],
      strides: [stride, stride],
    });
  }
  /** Scale near 1, small shift, mean near 0, variance near 1. */
  norm(x: string, channels: number): string {
    const name = `bn${++this.#layers}`;
    const parts = [
      this.weight(`${name}.weight`, this.uniform([channels], 0.6, 1.2)),
      this.weight(`${name}.bias`, this.normal([channels], 0.1)),
      this.weight(`${name}.running_mean`, this.normal([channels], 0.2)),
      this.weight(`${name}.running_var`, this.uniform([channels], 0.5, 1.5)),
    ];
    return this.op('BatchNormalization', [x, ...parts], { epsilon: 1e-5 });
  }
  block(x: string, from: number, to: number, options: ConvOptions = {}): string {
    return this.norm(this.conv(x, from, to, options), to);
  }
  relu6(x: string): string {
    return this.op('Clip', [x, this.f32(0), this.f32(6)]);
  }
  silu(x: string): string {
    return this.op('Mul', [x, this.op('Sigmoid', [x])]);
  }
  hardSwish(x: string): string {
    return this.op('HardSwish', [x]);
  }
  /** Squeeze and excite. */
  excite(x: string, channels: number, inner: number, act: string, gate: string): string {
    const mean = this.op('GlobalAveragePool', [x]);
    const narrow = this.conv(mean, channels, inner, {}, true);
    const wide = this.conv(this.act(act, narrow), inner, channels, {}, true);
    return this.op('Mul', [
      x,
      this.op(gate, [wide], gate === 'HardSigmoid' ? { alpha: 1 / 6 } : {}),
    ]);
  }
  act(kind: string, x: string): string {
    if (kind === 'relu6') return this.relu6(x);
    if (kind === 'silu') return this.silu(x);
    return kind === 'hardswish' ? this.hardSwish(x) : this.op('Relu', [x]);
  }
  classify(x: string, channels: number): string {
    const flat = this.op('Flatten', [this.op('GlobalAveragePool', [x])], { axis: 1 });
    return this.dense(flat, channels, CLASSES, 'output');
  }
  dense(x: string, from: number, to: number, output?: string): string {
    const name = `fc${++this.#layers}`;
    const w = this.weight(`${name}.weight`, this.normal([to, from], Math.sqrt(1 / from)));
    const b = this.weight(`${name}.bias`, this.normal([to], 0.01));
    return this.op('Gemm', [x, w, b], { transB: 1 }, output);
  }
  /** The file of a classifier. */
  done(side: number): Uint8Array {
    return this.save(
      [{ name: 'input', type: 'float32', shape: ['batch', 3, side, side] }],
      [{ name: 'output', type: 'float32', shape: ['batch', CLASSES] }],
    );
  }
}

/** ResNet-50 v1.5: the stride lies in the 3 × 3 convolution. */
export function resnet50(config = FULL, seed = 2): Uint8Array {
  const n = new Net(seed);
  let from = scaled(64, config);
  let x = n.op('Relu', [n.block('input', 3, from, { kernel: 7, stride: 2 })]);
  x = n.op('MaxPool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] });
  for (const [stage, count] of [3, 4, 6, 3].entries())
    for (let i = 0; i < times(count, config); i++) {
      const inner = scaled(64 * 2 ** stage, config);
      const to = 4 * inner;
      const stride = i === 0 && stage > 0 ? 2 : 1;
      const a = n.op('Relu', [n.block(x, from, inner)]);
      const b = n.op('Relu', [n.block(a, inner, inner, { kernel: 3, stride })]);
      const c = n.block(b, inner, to);
      const shortcut = i === 0 ? n.block(x, from, to, { stride }) : x;
      x = n.op('Relu', [n.op('Add', [c, shortcut])]);
      from = to;
    }
  n.classify(x, from);
  return n.done(config.side);
}

/** An inverted residual: widen, depthwise, maybe squeeze and excite, narrow. */
function inverted(
  n: Net,
  x: string,
  from: number,
  to: number,
  options: {
    readonly inner: number;
    readonly kernel: number;
    readonly stride: number;
    readonly act: string;
    readonly excite?: { readonly inner: number; readonly act: string; readonly gate: string };
  },
): string {
  const { inner, kernel, stride, act, excite } = options;
  let y = inner === from ? x : n.act(act, n.block(x, from, inner));
  y = n.act(act, n.block(y, inner, inner, { kernel, stride, group: inner }));
  if (excite) y = n.excite(y, inner, excite.inner, excite.act, excite.gate);
  y = n.block(y, inner, to);
  return stride === 1 && from === to ? n.op('Add', [x, y]) : y;
}

/** Repetitions, channels, stride, factor: MobileNetV2, table 2 of the paper. */
const V2 = [
  [1, 16, 1, 1],
  [2, 24, 2, 6],
  [3, 32, 2, 6],
  [4, 64, 2, 6],
  [3, 96, 1, 6],
  [3, 160, 2, 6],
  [1, 320, 1, 6],
] as const;

export function mobilenetV2(config = FULL, seed = 3): Uint8Array {
  const n = new Net(seed);
  let from = scaled(32, config);
  let x = n.relu6(n.block('input', 3, from, { kernel: 3, stride: 2 }));
  for (const [count, channels, first, factor] of V2)
    for (let i = 0; i < times(count, config); i++) {
      const to = scaled(channels, config);
      const stride = i === 0 ? first : 1;
      x = inverted(n, x, from, to, { inner: from * factor, kernel: 3, stride, act: 'relu6' });
      from = to;
    }
  const last = scaled(1280, config);
  n.classify(n.relu6(n.block(x, from, last)), last);
  return n.done(config.side);
}

/** Kernel, inner channels, channels, excite, activation, stride: MobileNetV3-Large, table 1 of the paper. */
const V3 = [
  [3, 16, 16, false, 'relu', 1],
  [3, 64, 24, false, 'relu', 2],
  [3, 72, 24, false, 'relu', 1],
  [5, 72, 40, true, 'relu', 2],
  [5, 120, 40, true, 'relu', 1],
  [5, 120, 40, true, 'relu', 1],
  [3, 240, 80, false, 'hardswish', 2],
  [3, 200, 80, false, 'hardswish', 1],
  [3, 184, 80, false, 'hardswish', 1],
  [3, 184, 80, false, 'hardswish', 1],
  [3, 480, 112, true, 'hardswish', 1],
  [3, 672, 112, true, 'hardswish', 1],
  [5, 672, 160, true, 'hardswish', 2],
  [5, 960, 160, true, 'hardswish', 1],
  [5, 960, 160, true, 'hardswish', 1],
] as const;

export function mobilenetV3(config = FULL, seed = 4): Uint8Array {
  const n = new Net(seed);
  let from = scaled(16, config);
  let x = n.hardSwish(n.block('input', 3, from, { kernel: 3, stride: 2 }));
  for (const [kernel, wide, channels, excited, act, stride] of V3) {
    const [inner, to] = [scaled(wide, config), scaled(channels, config)];
    const excite = { inner: scaled(wide / 4, config), act: 'relu', gate: 'HardSigmoid' };
    x = inverted(n, x, from, to, { inner, kernel, stride, act, ...(excited ? { excite } : {}) });
    from = to;
  }
  const [last, hidden] = [scaled(960, config), scaled(1280, config)];
  x = n.hardSwish(n.block(x, from, last));
  const flat = n.op('Flatten', [n.op('GlobalAveragePool', [x])], { axis: 1 });
  n.dense(n.hardSwish(n.dense(flat, last, hidden)), hidden, CLASSES, 'output');
  return n.done(config.side);
}

/** Factor, kernel, stride, channels, repetitions: EfficientNet-B0, table 1 of the paper. */
const B0 = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;

export function efficientnetB0(config = FULL, seed = 5): Uint8Array {
  const n = new Net(seed);
  let from = scaled(32, config);
  let x = n.silu(n.block('input', 3, from, { kernel: 3, stride: 2 }));
  for (const [factor, kernel, first, channels, count] of B0)
    for (let i = 0; i < times(count, config); i++) {
      const to = scaled(channels, config);
      const excite = { inner: Math.max(1, from >> 2), act: 'silu', gate: 'Sigmoid' };
      const stride = i === 0 ? first : 1;
      x = inverted(n, x, from, to, { inner: from * factor, kernel, stride, act: 'silu', excite });
      from = to;
    }
  const last = scaled(1280, config);
  n.classify(n.silu(n.block(x, from, last)), last);
  return n.done(config.side);
}

/** Two convolutions of which each also goes to the end, as in YOLOv8's C2f. */
function split(n: Net, x: string, from: number, to: number, count: number, add: boolean): string {
  const half = to / 2;
  const wide = n.silu(n.block(x, from, to));
  const parts = n.ops('Split', [wide, n.i64(half, half)], 2, { axis: 1 });
  for (let i = 0; i < count; i++) {
    const before = parts.at(-1)!;
    const a = n.silu(n.block(before, half, half, { kernel: 3 }));
    const b = n.silu(n.block(a, half, half, { kernel: 3 }));
    parts.push(add ? n.op('Add', [before, b]) : b);
  }
  return n.silu(n.block(n.op('Concat', parts, { axis: 1 }), half * parts.length, to));
}

/**
 * A detector in the manner of YOLOv8n: a backbone with three scales, upsampling and downsampling between
 * them, and boxes (as distributions over 16 bins) and scores of 80 classes for each cell: [batch, 84, cells].
 */
export function yolo(config: ImageConfig = { ...FULL, side: 640 }, seed = 6): Uint8Array {
  const n = new Net(seed);
  const c = [16, 32, 64, 128, 256].map((k) => scaled(k, config)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const down = (x: string, from: number, to: number): string =>
    n.silu(n.block(x, from, to, { kernel: 3, stride: 2 }));
  const deep = (count: number): number => times(count, config);
  let x = down(down('input', 3, c[0]), c[0], c[1]);
  x = split(n, x, c[1], c[1], deep(1), true);
  const p3 = split(n, down(x, c[1], c[2]), c[2], c[2], deep(2), true);
  const p4 = split(n, down(p3, c[2], c[3]), c[3], c[3], deep(2), true);
  x = split(n, down(p4, c[3], c[4]), c[4], c[4], deep(1), true);
  const narrow = n.silu(n.block(x, c[4], c[4] / 2));
  const pools = [narrow];
  for (let i = 0; i < 3; i++)
    pools.push(
      n.op('MaxPool', [pools.at(-1)!], {
        kernel_shape: [5, 5],
        pads: [2, 2, 2, 2],
        strides: [1, 1],
      }),
    );
  const p5 = n.silu(n.block(n.op('Concat', pools, { axis: 1 }), 2 * c[4], c[4]));
  const scales = n.weight('scales', {
    dtype: 'float32',
    shape: [4],
    data: Float32Array.of(1, 1, 2, 2),
  });
  const up = (y: string): string =>
    n.op('Resize', [y, '', scales], {
      mode: 'nearest',
      nearest_mode: 'floor',
      coordinate_transformation_mode: 'asymmetric',
    });
  const join = (a: string, b: string): string => n.op('Concat', [a, b], { axis: 1 });
  const n4 = split(n, join(up(p5), p4), c[4] + c[3], c[3], deep(1), false);
  const o3 = split(n, join(up(n4), p3), c[3] + c[2], c[2], deep(1), false);
  const o4 = split(n, join(down(o3, c[2], c[2]), n4), c[2] + c[3], c[3], deep(1), false);
  const o5 = split(n, join(down(o4, c[3], c[3]), p5), c[3] + c[4], c[4], deep(1), false);
  const head = (y: string, from: number, to: number, inner: number): string => {
    const a = n.silu(n.block(y, from, inner, { kernel: 3 }));
    const b = n.silu(n.block(a, inner, inner, { kernel: 3 }));
    return n.conv(b, inner, to, {}, true);
  };
  const levels = [o3, o4, o5].map((y, i) => {
    const from = c[2 + i]!;
    const all = join(head(y, from, 64, scaled(64, config)), head(y, from, 80, scaled(80, config)));
    return n.reshape(all, n.size(all, 0), 144, -1);
  });
  const [boxes, scores] = n.ops('Split', [n.op('Concat', levels, { axis: 2 }), n.i64(64, 80)], 2, {
    axis: 1,
  }) as [string, string];
  const bins = n.reshape(boxes, n.size(boxes, 0), 4, 16, -1);
  const turned = n.op('Softmax', [n.op('Transpose', [bins], { perm: [0, 2, 1, 3] })], { axis: 1 });
  const weight = n.weight('bins', {
    dtype: 'float32',
    shape: [1, 16, 1, 1],
    data: Float32Array.from({ length: 16 }, (_, i) => i),
  });
  const distance = n.reshape(n.op('Conv', [turned, weight]), n.size(boxes, 0), 4, -1);
  n.op('Concat', [distance, n.op('Sigmoid', [scores])], { axis: 1 }, 'output');
  return n.save(
    [{ name: 'input', type: 'float32', shape: ['batch', 3, config.side, config.side] }],
    [{ name: 'output', type: 'float32', shape: ['batch', 84, null] }],
  );
}
