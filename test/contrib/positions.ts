/** Cases: biases of positions, attention in windows and transforms, by their documentation. */
import type { Tensor } from '../../lib/tensor/tensor.js';
import { type Draw, filled, i32, i64, reader, sum } from './case.js';

const F = 'float32' as const;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** T5: half of the bins for exact distances, the others up to `farthest` in equal ratios. */
function binOf(ahead: number, bins: number, farthest: number, both: boolean): number {
  const own = both ? bins / 2 : bins;
  const first = both && ahead > 0 ? own : 0;
  const distance = both ? Math.abs(ahead) : Math.max(0, -ahead);
  const exact = Math.floor(own / 2);
  if (distance < exact) return first + distance;
  const ratio = Math.log(distance / exact) / Math.log(farthest / exact);
  return first + Math.min(own - 1, exact + Math.floor(ratio * (own - exact)));
}

const relative: Draw = (r) => {
  const [bins, heads, rows, columns] = [2 * r.int(4, 9), r.int(1, 4), r.int(1, 30), r.int(1, 30)];
  const both = r.chance();
  const table = r.tensor([bins, heads]);
  const farthest = 23;
  const y = filled(
    [1, heads, rows, columns],
    ([, h, i, j]) =>
      (table.data as Float32Array)[h! * bins + binOf(j! - i!, bins, farthest, both)]!,
  );
  return {
    op: 'RelativePositionBias',
    inputs: [table, i64([1], rows), i64([1], columns)],
    constants: [1, 2],
    outputs: [F],
    expected: [y],
    attributes: { max_distance: farthest, is_bidirectional: Number(both) },
  };
};

const gated: Draw = (r) => {
  const [b, l, heads, d, half] = [r.int(1, 3), r.int(1, 6), r.int(1, 4), r.int(1, 6), r.int(1, 5)];
  const packed = r.chance(0.3);
  const counts = Array.from({ length: b }, (_, i) => (packed && i > 0 ? r.int(1, l + 1) : l));
  const all = counts.flatMap((_, i) => Array.from({ length: l }, (_, j) => i * l + j));
  const real = (p: number): boolean => p % l < counts[Math.floor(p / l)]!;
  const places = [...all.filter(real), ...all.filter((p) => !real(p))];
  const tokens = all.filter(real).length;
  const q = packed ? r.tensor([tokens, heads * d]) : r.tensor([b, l, heads * d]);
  const [bias, positions] = [r.tensor([heads * d]), r.tensor([1, heads, l, l])];
  const [weight, gateBias, constant] = [
    r.tensor([d, 2 * half]),
    r.tensor([2 * half]),
    r.tensor([1, heads, 1, 1]),
  ];
  const query = (i: number, row: number, c: number): number => {
    const token = places.indexOf(i * l + row);
    if (packed) return token < tokens ? reader(q)(token, c) + reader(bias)(c) : 0;
    return reader(q)(i, row, c) + reader(bias)(c);
  };
  const gate = (part: number, i: number, h: number, row: number): number =>
    sigmoid(
      sum(half, (k) => {
        const c = part * half + k;
        return sum(d, (e) => query(i, row, h * d + e) * reader(weight)(e, c)) + reader(gateBias)(c);
      }),
    );
  const y = filled([b, heads, l, l], ([i, h, row, column]) => {
    const own = gate(0, i!, h!, row!) * (gate(1, i!, h!, row!) * reader(constant)(0, h!, 0, 0) - 1);
    return (own + 2) * reader(positions)(0, h!, row!, column!);
  });
  return {
    op: 'GatedRelativePositionBias',
    inputs: [
      ...[q, bias, positions, weight, gateBias, constant],
      ...(packed ? [i32([b, l], ...places)] : []),
    ],
    constants: [1, 3, 4, 5],
    outputs: [F],
    expected: [y],
    attributes: { num_heads: heads },
  };
};

const longformer: Draw = (r) => {
  const [b, window, heads, d] = [r.int(1, 3), r.int(1, 4), r.int(1, 3), r.int(1, 5)];
  const [l, hidden] = [2 * window * r.int(1, 4), heads * d];
  const x = r.tensor([b, l, hidden]);
  const [w, bias] = [r.tensor([hidden, 3 * hidden], 0.5), r.tensor([3 * hidden])];
  const [gw, gb] = [r.tensor([hidden, 3 * hidden], 0.5), r.tensor([3 * hidden])];
  const flags = filled([b, l], ([, i]) => Number(i === 0 || (i! < 3 && r.chance())), 'int32');
  const mask = filled([b, l], ([, i]) => (i! > 0 && r.chance(0.2) ? -10000 : 0));
  const part = (wide: Tensor, shift: Tensor) => (p: number, i: number, row: number, c: number) => {
    const at = p * hidden + c;
    return sum(hidden, (k) => reader(x)(i, row, k) * reader(wide)(k, at)) + reader(shift)(at);
  };
  const [local, global] = [part(w, bias), part(gw, gb)];
  const y = filled([b, l, hidden], ([i, row, c]) => {
    if (reader(mask)(i!, row!) < 0) return 0;
    const whole = reader(flags)(i!, row!) > 0;
    const of = whole ? global : local;
    const h = Math.floor(c! / d);
    const weights = Array.from({ length: l }, (_, j) => {
      const near = Math.abs(j - row!) <= window || reader(flags)(i!, j) > 0;
      if (reader(mask)(i!, j) < 0 || !(whole || near)) return 0;
      const dot = sum(d, (k) => of(0, i!, row!, h * d + k) * of(1, i!, j, h * d + k));
      return Math.exp(dot / Math.sqrt(d));
    });
    const total = weights.reduce((p, q) => p + q, 0);
    return sum(l, (j) => (weights[j]! === 0 ? 0 : (weights[j]! / total) * of(2, i!, j, c!)));
  });
  return {
    op: 'LongformerAttention',
    inputs: [x, w, bias, mask, gw, gb, flags],
    constants: [1, 2, 4, 5],
    outputs: [F],
    expected: [y],
    attributes: { num_heads: heads, window },
  };
};

/** The transform by its definition: real and imaginary part at `bin` of the axes of `x`. */
function transformed(x: Tensor, lead: number, bin: readonly number[], part: number): number {
  const [h, w] = x.shape.slice(-2) as [number, number];
  return sum(h * w, (p) => {
    const [i, j] = [Math.floor(p / w), p % w];
    const angle = -2 * Math.PI * ((i * bin[0]!) / h + (j * bin[1]!) / w);
    return reader(x)(lead, i, j) * (part === 0 ? Math.cos(angle) : Math.sin(angle));
  });
}
const spectrum = (x: Tensor): Tensor =>
  filled([x.shape[0]!, x.shape[1]!, Math.floor(x.shape[2]! / 2) + 1, 2], ([b, i, j, part]) =>
    transformed(x, b!, [i!, j!], part!),
  );

const rfft =
  (inverse: boolean): Draw =>
  (r) => {
    const x = r.tensor([r.int(1, 3), r.int(1, 5), 2 * r.int(1, 5)]);
    const y = spectrum(x);
    return {
      op: inverse ? 'Irfft' : 'Rfft',
      inputs: [inverse ? y : x],
      outputs: [F],
      expected: [inverse ? x : y],
      host: true,
      attributes: { normalized: 0, onesided: 1, signal_ndim: 2 },
    };
  };

export const POSITIONS: Readonly<Record<string, Draw>> = {
  RelativePositionBias: relative,
  GatedRelativePositionBias: gated,
  LongformerAttention: longformer,
  Rfft: rfft(false),
  Irfft: rfft(true),
};
