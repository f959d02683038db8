/**
 * MatMulBnb4 (com.microsoft): x · Wᵀ with weights [N, K] of 4 bits each, which index 16 numbers, in blocks
 * that share their largest absolute value. The first element of a byte is in its high bits. The weights
 * are widened while compiling.
 */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { cut, expanded, joined, transposed, unsqueezed } from './arrange.js';
import { unpacked } from './bits.js';
import { cast, importOnly, times } from './formula.js';
import { Gather } from './gather.js';
import { MatMul } from './mat-mul.js';
import { reshaped } from './reshape.js';

/** Values of a code (Dettmers et al., "QLoRA", 2023, and bitsandbytes' FP4). */
const CODES = {
  fp4: [
    0, 0.00520833333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25, -0, -0.00520833333,
    -0.66666667, -1, -0.33333333, -0.5, -0.16666667, -0.25,
  ],
  nf4: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1,
  ],
} as const;

function build(n: OnnxNode): Value[] {
  const [x, q, largest] = n.inputs as [Value, Value, Value];
  const [k, rows, block] = [n.int('K'), n.int('N'), n.int('block_size')];
  const code = CODES[n.int('quant_type') === 0 ? 'fp4' : 'nf4'];
  const bytes = Math.ceil((k * rows) / 2);
  // unpacked gives the low element first
  const pairs = reshaped(unpacked(reshaped(q, [bytes, 1]), 4), [bytes, 2]);
  const [low, high] = [cut(pairs, 1, 0, 1), cut(pairs, 1, 1, 2)];
  const indices = reshaped(joined(1, high, low), [-1]);
  const table = literal('float32', [16], [...code]);
  const values = apply(Gather, { axis: 0 }, [table, cast(indices, 'int32')]);
  const blocks = Math.ceil((k * rows) / block);
  const scale = expanded(unsqueezed(reshaped(cast(largest, 'float32'), [blocks]), 1), [
    blocks,
    block,
  ]);
  const all = k * rows;
  const weights = times(cut(values, 0, 0, all), cut(reshaped(scale, [-1]), 0, 0, all));
  const matrix = reshaped(weights, [rows, k]);
  const turned = n.int('transB', 1) !== 0 ? transposed(matrix, 1, 0) : matrix;
  const y = apply(MatMul, { stages: [] }, [cast(x, 'float32'), turned]);
  return [cast(y, dtypeOf(x))];
}

export const MatMulBnb4 = importOnly('MatMulBnb4', [
  { type: 'MatMulBnb4', since: 1, domain: 'com.microsoft', build },
]);
