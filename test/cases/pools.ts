/** Pooling over [N, ...spatial, C]. */
import { AveragePool } from '../../lib/ops/average-pool.js';
import { LpPool } from '../../lib/ops/lp-pool.js';
import { MaxPool } from '../../lib/ops/max-pool.js';
import type { PoolAttrs } from '../../lib/ops/pooling.js';
import { type OpCase, opCase } from '../op-suite.js';

const plain = (kernel: number[], more: Partial<PoolAttrs> = {}): PoolAttrs => ({
  kernel,
  strides: kernel.map(() => 1),
  dilations: kernel.map(() => 1),
  pads: kernel.map(() => [0, 0] as const),
  ceil: false,
  ...more,
});

const WINDOWS: readonly (readonly [string, readonly number[], PoolAttrs])[] = [
  ['2×2', [1, 4, 5, 3], plain([2, 2])],
  [
    '3×3 padded, stride 2',
    [2, 7, 9, 70],
    plain([3, 3], {
      strides: [2, 2],
      pads: [
        [1, 1],
        [1, 1],
      ],
    }),
  ],
  ['ceil', [1, 6, 5, 16], plain([3, 2], { strides: [2, 3], ceil: true })],
  [
    'ceil with a window in the padding',
    [1, 2, 2, 4],
    plain([1, 1], {
      strides: [2, 2],
      pads: [
        [0, 1],
        [1, 1],
      ],
      ceil: true,
    }),
  ],
  [
    'dilated',
    [1, 9, 8, 17],
    plain([2, 3], {
      dilations: [3, 2],
      pads: [
        [1, 0],
        [0, 2],
      ],
    }),
  ],
  ['same upper', [1, 5, 6, 5], plain([3, 2], { strides: [2, 2], pads: 'same_upper' })],
  ['same lower', [1, 5, 6, 5], plain([2, 3], { strides: [2, 1], pads: 'same_lower' })],
  ['one axis', [2, 11, 33], plain([4], { strides: [3], pads: [[2, 1]] })],
  [
    'three axes',
    [1, 3, 4, 5, 6],
    plain([2, 2, 3], {
      strides: [1, 2, 1],
      pads: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
    }),
  ],
];

export const cases: readonly OpCase[] = WINDOWS.flatMap(([name, shape, attrs]) => [
  opCase({ op: MaxPool, name, attrs: { ...attrs, indices: 'none' }, inputs: [{ shape }] }),
  ...(['bfloat16', 'uint8', 'int8'] as const).map((dtype) =>
    opCase({
      op: MaxPool,
      name: `${name}, ${dtype}`,
      attrs: { ...attrs, indices: 'none' },
      inputs: [{ shape, dtype, range: dtype === 'int8' ? [-128, 127] : [0, 255] }],
    }),
  ),
  ...(['row', 'column'] as const).map((indices) =>
    opCase({
      op: MaxPool,
      name: `${name}, places by ${indices}`,
      attrs: { ...attrs, indices },
      inputs: [{ shape, values: [1, 4, 2, 4, 0, -3, 4, 2, -1, 3, 3] }],
      outputs: 2,
    }),
  ),
  ...[true, false].map((countPadding) =>
    opCase({
      op: AveragePool,
      name: countPadding ? `${name} with padding` : name,
      attrs: { ...attrs, countPadding },
      inputs: [{ shape }],
    }),
  ),
  ...[1, 2].map((p) =>
    opCase({ op: LpPool, name: `${name}, p = ${p}`, attrs: { ...attrs, p }, inputs: [{ shape }] }),
  ),
]);
