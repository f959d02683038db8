/** Cases of operators without a CPU kernel in onnxruntime: what is expected follows their documentation. */
import { type Tensor, toNumbers } from '../../lib/tensor/tensor.js';
import { type Draw, f32, filled, i64, reader, sum } from './case.js';

const F = 'float32' as const;
const float = (x: number): { float: number } => ({ float: x });
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const fastGelu = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** ½·(1 + erf(x / √2)) by Simpson's rule. */
function normalCdf(x: number): number {
  const steps = 2000;
  const density = (t: number): number => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const h = x / steps;
  const inner = sum(steps - 1, (i) => (i % 2 === 0 ? 4 : 2) * density((i + 1) * h));
  return 0.5 + ((density(0) + inner + density(x)) * h) / 3;
}

/** Group norms of [N, H, W, C] or [N, C, H, W]; SkipGroupNorm of x + skip + bias. */
const groupNorm =
  (skips: boolean): Draw =>
  (r) => {
    const [n, h, w, groups] = [r.int(1, 3), r.int(1, 5), r.int(1, 5), r.int(1, 5)];
    const size = r.int(1, 4);
    const c = groups * size;
    const last = skips || r.chance();
    const shape = last ? [n, h, w, c] : [n, c, h, w];
    const [x, gamma, beta] = [r.tensor(shape, 2), r.tensor([c]), r.tensor([c])];
    const skip = r.tensor(
      r.pick([
        [n, h, w, c],
        [n, 1, 1, c],
        [n, c],
      ]),
    );
    const bias = r.chance() ? r.tensor([c]) : null;
    const activation = r.int(0, 2);
    const skipAt = reader(skip);
    const flat = skip.shape.length === 2;
    const added = (i: readonly number[]): number =>
      skips ? (flat ? skipAt(i[0]!, i[3]!) : skipAt(...i)) + (bias ? reader(bias)(i[3]!) : 0) : 0;
    const summed = filled(shape, (i) => reader(x)(...i) + added(i));
    const at = reader(summed);
    const value = (b: number, p: number, ch: number): number => {
      const [row, column] = [Math.floor(p / w), p % w];
      return last ? at(b, row, column, ch) : at(b, ch, row, column);
    };
    const count = h * w * size;
    const y = filled(shape, (i) => {
      const ch = last ? i[3]! : i[1]!;
      const first = Math.floor(ch / size) * size;
      const each = (f: (v: number) => number): number =>
        sum(count, (k) => f(value(i[0]!, Math.floor(k / size), first + (k % size)))) / count;
      const mean = each((v) => v);
      const variance = each((v) => (v - mean) ** 2);
      const z =
        ((at(...i) - mean) / Math.sqrt(variance + 1e-3)) * reader(gamma)(ch) + reader(beta)(ch);
      return activation === 1 ? z * sigmoid(z) : z;
    });
    const more = skips && r.chance();
    return {
      op: skips ? 'SkipGroupNorm' : 'GroupNorm',
      inputs: skips ? [x, gamma, beta, skip, bias] : [x, gamma, beta],
      constants: [1, 2],
      outputs: more ? [F, F] : [F],
      expected: more ? [y, summed] : [y],
      attributes: { groups, activation, channels_last: Number(last), epsilon: float(1e-3) },
    };
  };

const biasAdd: Draw = (r) => {
  const shape = [r.int(1, 4), r.int(1, 7), r.int(1, 40)];
  const [x, bias, skip] = [r.tensor(shape), r.tensor([shape[2]!]), r.tensor(shape)];
  const y = filled(shape, (i) => reader(x)(...i) + reader(bias)(i[2]!) + reader(skip)(...i));
  return { op: 'BiasAdd', inputs: [x, bias, skip], outputs: [F], expected: [y] };
};

const biasSplitGelu: Draw = (r) => {
  const [n, l, d] = [r.int(1, 3), r.int(1, 5), r.int(1, 20)];
  const [x, bias] = [r.tensor([n, l, 2 * d]), r.tensor([2 * d])];
  const at = (a: number, b: number, c: number): number => reader(x)(a, b, c) + reader(bias)(c);
  const y = filled([n, l, d], ([a, b, c]) => {
    const gate = at(a!, b!, c! + d);
    return at(a!, b!, c!) * gate * normalCdf(gate);
  });
  return { op: 'BiasSplitGelu', inputs: [x, bias], outputs: [F], expected: [y] };
};

/** The bias has the axes before `axis` partly as 1: outer ones of them, or inner ones. */
const biasSoftmax: Draw = (r) => {
  const [n, h, l] = [r.int(1, 4), r.int(1, 4), r.int(1, 9)];
  const inner = r.chance();
  const [x, bias] = [r.tensor([n, h, 2, l]), r.tensor(inner ? [n, 1, 2, l] : [1, h, 2, l])];
  const axis = r.pick([2, 3, -1]);
  const at = (...i: number[]): number => reader(x)(...i) + reader(bias)(...i);
  const y = filled([n, h, 2, l], ([a, b, c, d]) => {
    const total =
      axis === 2
        ? sum(2 * l, (k) => Math.exp(at(a!, b!, Math.floor(k / l), k % l)))
        : sum(l, (k) => Math.exp(at(a!, b!, c!, k)));
    return Math.exp(at(a!, b!, c!, d!)) / total;
  });
  const attributes = { axis, is_inner_broadcast: Number(inner) };
  return { op: 'BiasSoftmax', inputs: [x, bias], outputs: [F], expected: [y], attributes };
};

/** Not training: x, or x + bias + residual, and a mask of what is kept. */
const dropout =
  (op: string): Draw =>
  (r) => {
    const shape = [r.int(1, 5), r.int(1, 50)];
    const biased = op.includes('Bias');
    const x = r.tensor(shape);
    const bias = biased ? r.tensor([shape[1]!]) : null;
    const residual = biased && r.chance() ? r.tensor(shape) : null;
    const y = filled(
      shape,
      (i) =>
        reader(x)(...i) +
        (bias ? reader(bias)(i[1]!) : 0) +
        (residual ? reader(residual)(...i) : 0),
    );
    const bits = op.startsWith('Bitmask');
    const mask = bits
      ? filled([Math.ceil((shape[0]! * shape[1]!) / 32)], () => 2 ** 32 - 1, 'uint32')
      : filled(shape, () => 1, 'bool');
    const ratio = r.chance() ? f32([], 0.3) : null;
    const more = r.chance();
    const inputs = biased ? [x, bias, residual, ratio] : [x, ratio];
    return {
      op,
      inputs,
      constants: ratio ? [inputs.length - 1] : [],
      outputs: more ? [F, bits ? 'uint32' : 'bool'] : [F],
      expected: more ? [y, mask] : [y],
    };
  };

/** Of channels-last images; the fused form adds a sum and an activation. */
const nhwcConv =
  (op: string): Draw =>
  (r) => {
    const [n, h, w, c, m] = [r.int(1, 3), r.int(3, 8), r.int(3, 8), r.int(1, 9), r.int(1, 20)];
    const [stride, pad] = [r.int(1, 3), r.int(0, 2)];
    const [x, weight, bias] = [r.tensor([n, h, w, c]), r.tensor([m, c, 3, 3], 0.3), r.tensor([m])];
    const size = (s: number): number => Math.floor((s + 2 * pad - 3) / stride) + 1;
    const shape = [n, size(h), size(w), m];
    const fused = op === 'NhwcFusedConv';
    const z = fused ? r.tensor(shape) : null;
    const y = filled(shape, ([b, row, column, o]) => {
      const s = sum(9 * c, (k) => {
        const [p, q] = [Math.floor(k / c / 3), Math.floor(k / c) % 3];
        const [i, j] = [row! * stride + p - pad, column! * stride + q - pad];
        if (i < 0 || i >= h || j < 0 || j >= w) return 0;
        return reader(x)(b!, i, j, k % c) * reader(weight)(o!, k % c, p, q);
      });
      const v = s + reader(bias)(o!) + (z ? reader(z)(b!, row!, column!, o!) : 0);
      return fused ? Math.max(0, v) : v;
    });
    return {
      op,
      inputs: z ? [x, weight, bias, z] : [x, weight, bias],
      constants: [1, 2],
      outputs: [F],
      expected: [y],
      attributes: {
        kernel_shape: [3, 3],
        strides: [stride, stride],
        pads: [pad, pad, pad, pad],
        ...(fused ? { activation: 'Relu' } : {}),
      },
    };
  };

const product = (a: Tensor, b: Tensor): ((i: number, j: number) => number) => {
  const [left, right] = [reader(a), reader(b)];
  return (i, j) => sum(a.shape[1]!, (k) => left(i, k) * right(k, j));
};

const matMulActivation: Draw = (r) => {
  const [m, k, n] = [r.int(1, 9), r.int(1, 9), r.int(1, 20)];
  const [a, b] = [r.tensor([m, k]), r.tensor([k, n])];
  const y = filled([m, n], ([i, j]) => {
    const v = 0.5 * product(a, b)(i!, j!);
    return v > 0 ? v : 0.2 * v;
  });
  return {
    op: 'FusedMatMulActivation',
    inputs: [a, b],
    outputs: [F],
    expected: [y],
    attributes: { alpha: float(0.5), activation: 'LeakyRelu', activation_alpha: float(0.2) },
  };
};

const gemmFastGelu: Draw = (r) => {
  const [m, k, n] = [r.int(1, 9), r.int(1, 9), r.int(1, 20)];
  const [a, b, bias] = [r.tensor([m, k]), r.tensor([k, n]), r.chance() ? r.tensor([n]) : null];
  const y = filled([m, n], ([i, j]) =>
    fastGelu(product(a, b)(i!, j!) + (bias ? reader(bias)(j!) : 0)),
  );
  return { op: 'GemmFastGelu', inputs: bias ? [a, b, bias] : [a, b], outputs: [F], expected: [y] };
};

const gemmaRotary: Draw = (r) => {
  const [b, h, l, d] = [r.int(1, 3), r.int(1, 4), r.int(1, 5), 2 * r.int(1, 5)];
  const angles = r.tensor([b, l, d], 3);
  const [q, q2, k, k2] = [0, 1, 2, 3].map(() => r.tensor([b, h, l, d])) as [
    ...[Tensor, Tensor, Tensor, Tensor],
  ];
  const turned = (x: Tensor, half: Tensor): Tensor =>
    filled([b, h, l, d], ([i, j, p, c]) => {
      const angle = reader(angles)(i!, p!, c!);
      return (
        reader(x)(i!, j!, p!, c!) * Math.cos(angle) + reader(half)(i!, j!, p!, c!) * Math.sin(angle)
      );
    });
  const expected = [turned(q, q2), turned(k, k2)];
  const inputs = [angles, q, q2, k, k2];
  return { op: 'GemmaRotaryEmbedding', inputs, outputs: [F, F], expected };
};

/** One bool for all inputs. */
const isAllFinite: Draw = (r) => {
  const only = r.pick(['isinf_only', 'isnan_only', null]);
  const inputs = Array.from({ length: r.int(1, 4) }, () => {
    const t = r.tensor([r.int(1, 4), r.int(1, 20)]);
    if (r.chance(0.3)) (t.data as Float32Array)[0] = r.pick([NaN, Infinity, -Infinity]);
    return t;
  });
  const bad = (v: number): boolean =>
    only === 'isinf_only'
      ? Math.abs(v) === Infinity
      : only === 'isnan_only'
        ? Number.isNaN(v)
        : !Number.isFinite(v);
  const all = inputs.every((t) => ![...toNumbers(t)].some(bad));
  return {
    op: 'IsAllFinite',
    inputs,
    outputs: ['bool'],
    expected: [filled([], () => Number(all), 'bool')],
    attributes: only ? { [only]: 1 } : {},
  };
};

const torchEmbedding: Draw = (r) => {
  const [rows, d] = [r.int(2, 9), r.int(1, 9)];
  const [table, ids] = [r.tensor([rows, d]), r.ints('int64', [2, r.int(1, 5)], 0, rows)];
  const y = filled([...ids.shape, d], ([i, j, c]) => reader(table)(reader(ids)(i!, j!), c!));
  const padding = r.chance() ? [i64([], 0)] : [];
  const inputs = [table, ids, ...padding];
  return {
    op: 'TorchEmbedding',
    inputs,
    constants: padding.length ? [0, 2] : [0],
    outputs: [F],
    expected: [y],
  };
};

export const FORMULAS: Readonly<Record<string, Draw>> = {
  GroupNorm: groupNorm(false),
  SkipGroupNorm: groupNorm(true),
  BiasAdd: biasAdd,
  BiasSplitGelu: biasSplitGelu,
  BiasSoftmax: biasSoftmax,
  BiasDropout: dropout('BiasDropout'),
  BitmaskDropout: dropout('BitmaskDropout'),
  BitmaskBiasDropout: dropout('BitmaskBiasDropout'),
  NhwcConv: nhwcConv('NhwcConv'),
  NhwcFusedConv: nhwcConv('NhwcFusedConv'),
  FusedMatMulActivation: matMulActivation,
  GemmFastGelu: gemmFastGelu,
  GemmaRotaryEmbedding: gemmaRotary,
  IsAllFinite: isAllFinite,
  TorchEmbedding: torchEmbedding,
};
