/** Cases: weights of few bits. */
import type { Tensor } from '../../lib/tensor/tensor.js';
import { type Dice, type Draw, type NodeCase, f32 } from './case.js';

const F = 'float32' as const;

function matMul(r: Dice): NodeCase {
  const bits = r.pick([4, 4, 8, 2]);
  const block = r.pick([16, 32, 64]);
  const [k, n] = [r.int(1, 90), r.int(1, 70)];
  const rows = r.pick([1, 1, 2, 3, 4, 5, 17, 40]);
  const blocks = Math.ceil(k / block);
  const zeros = r.pick([
    (): Tensor | null => null,
    () => r.ints('uint8', [n, Math.ceil((blocks * bits) / 8)]),
    () => (bits === 4 ? r.tensor([n, blocks], 3) : null),
  ])();
  const bias = r.chance(0.3) ? r.tensor([n]) : null;
  const inputs = [
    r.tensor(
      r.pick([
        [rows, k],
        [1, rows, k],
      ]),
    ),
    r.ints('uint8', [n, blocks, (block * bits) / 8]),
    r.tensor([n, blocks], 0.05),
    zeros,
    null,
    bias,
  ];
  return {
    op: 'MatMulNBits',
    inputs,
    outputs: [F],
    constants: [1, 2, 3, 5].filter((i) => inputs[i]),
    closed: true,
    attributes: { K: k, N: n, bits, block_size: block },
    tolerance: 2e-3,
  };
}

function bnb4(r: Dice): NodeCase {
  const block = r.pick([16, 32]);
  const [k, n] = [block * r.int(1, 3), r.int(1, 20)];
  return {
    op: 'MatMulBnb4',
    inputs: [
      r.tensor([r.int(1, 6), k]),
      r.ints('uint8', [(k * n) / 2]),
      f32([(k * n) / block], ...Array.from({ length: (k * n) / block }, () => r.next())),
    ],
    outputs: [F],
    constants: [1, 2],
    closed: true,
    attributes: { K: k, N: n, block_size: block, quant_type: r.int(0, 2), transB: 1 },
    tolerance: 1e-3,
  };
}

function gather(r: Dice): NodeCase {
  const [rows, size, bits] = [r.int(2, 9), 64, r.pick([4, 8])];
  const blocks = Math.ceil(size / 16);
  const zeros = r.chance() ? r.ints('uint8', [rows, Math.ceil((blocks * bits) / 8)]) : null;
  return {
    op: 'GatherBlockQuantized',
    inputs: [
      r.ints('uint8', [rows, (size * bits) / 8]),
      r.ints(r.pick(['int32', 'int64']), r.pick([[3], [2, 2]]), 0, rows),
      r.tensor([rows, blocks], 0.1),
      ...(zeros ? [zeros] : []),
    ],
    outputs: [F],
    constants: zeros ? [0, 2, 3] : [0, 2],
    attributes: { gather_axis: 0, quantize_axis: 1, block_size: 16, bits },
  };
}

export const PACKED: Readonly<Record<string, Draw>> = {
  MatMulNBits: matMul,
  MatMulBnb4: bnb4,
  GatherBlockQuantized: gather,
};
