/** Ops that cut, repeat, pad and rearrange. */
import { Concat } from '../../lib/ops/concat.js';
import { DepthToSpace } from '../../lib/ops/depth-to-space.js';
import { Expand } from '../../lib/ops/expand.js';
import { Flatten } from '../../lib/ops/flatten.js';
import { Identity } from '../../lib/ops/identity.js';
import { Pad, type PadAttrs } from '../../lib/ops/pad.js';
import { Reshape } from '../../lib/ops/reshape.js';
import { Slice } from '../../lib/ops/slice.js';
import { SpaceToDepth } from '../../lib/ops/space-to-depth.js';
import { Split } from '../../lib/ops/split.js';
import { Squeeze } from '../../lib/ops/squeeze.js';
import { Tile } from '../../lib/ops/tile.js';
import { Transpose } from '../../lib/ops/transpose.js';
import { Unsqueeze } from '../../lib/ops/unsqueeze.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type OpCase, opCase } from '../op-suite.js';

const WIDTHS: readonly DType[] = ['bool', 'bfloat16', 'int32', 'float64'];
const ints = (...values: number[]) =>
  ({ dtype: 'int64', shape: [values.length], values, constant: true }) as const;

/** Shapes and orders that reach every loop of the copy kernel. */
const TRANSPOSES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [512, 83],
    [1, 0],
  ],
  [
    [515, 512],
    [1, 0],
  ],
  [
    [512, 512],
    [1, 0],
  ],
  [
    [70, 130],
    [1, 0],
  ],
  [
    [3, 5000],
    [1, 0],
  ],
  [
    [5000, 3],
    [1, 0],
  ],
  [
    [4, 9],
    [1, 0],
  ],
  [
    [2, 8, 9, 16],
    [0, 2, 3, 1],
  ],
  [
    [2, 9, 8, 17],
    [0, 3, 1, 2],
  ],
  [
    [2, 5, 3, 64],
    [0, 2, 1, 3],
  ],
  [
    [3, 4, 5, 6, 2],
    [4, 2, 0, 3, 1],
  ],
  [
    [2, 3, 1, 4, 1, 2, 1, 3],
    [7, 0, 4, 2, 3, 1, 6, 5],
  ],
];

/** Shape, starts, ends, axes, steps. */
const SLICES: readonly (readonly number[][])[] = [
  [[20], [3], [17], [0], [1]],
  [[20], [-5], [2 ** 31 - 1], [0], [1]],
  [[20], [0], [100], [0], [3]],
  [[20], [-1], [-(2 ** 31 - 1)], [0], [-1]],
  [[20], [15], [2], [0], [-4]],
  [
    [4, 9],
    [1, 8],
    [-1, -100],
    [0, 1],
    [2, -3],
  ],
  [
    [4, 9, 6],
    [-1, 0],
    [-100, 3],
    [2, 0],
    [-2, 1],
  ],
  [[4, 9], [9], [9], [1], [1]],
  [[4, 9], [2], [5], [1], [-1]],
  [[5, 3, 70], [4], [-6], [0], [-1]],
];

/** Shape, axes, pads. */
const PADS: readonly (readonly number[][])[] = [
  [[5], [0], [2, 3]],
  [
    [2, 3, 4],
    [0, 1, 2],
    [1, 0, 2, 0, 2, 1],
  ],
  [
    [2, 5, 6, 9],
    [1, 2],
    [1, 2, 2, 1],
  ],
  [[4, 3], [1], [2, 0]],
  [
    [6, 7],
    [0, 1],
    [-1, 2, 1, -3],
  ],
  [
    [4, 5],
    [0, 1],
    [0, 0, 0, 0],
  ],
  [[3, 1], [1], [0, 0]],
];
const pads: OpCase[] = (['constant', 'reflect', 'edge', 'wrap'] as const).flatMap((mode) =>
  PADS.map(([shape, axes, values]) =>
    opCase<PadAttrs>({
      op: Pad,
      name: `${mode} [${shape!.join()}] by ${values!.join()}`,
      attrs: { mode, axes: axes! },
      inputs: [{ shape: shape! }, ints(...values!), { shape: [], values: [7.5] }],
    }),
  ),
);

export const cases: readonly OpCase[] = [
  ...TRANSPOSES.flatMap(([shape, perm]) =>
    WIDTHS.map((dtype) =>
      opCase({
        op: Transpose,
        name: `${dtype}[${shape.join()}] by ${perm.join()}`,
        attrs: { perm },
        inputs: [{ dtype, shape }],
      }),
    ),
  ),
  ...SLICES.map(([shape, starts, ends, axes, steps]) =>
    opCase({
      op: Slice,
      name: `[${shape!.join()}] ${starts!.join()} to ${ends!.join()} by ${steps!.join()}`,
      attrs: { axes: axes!, steps: steps! },
      inputs: [{ shape: shape! }, ints(...starts!), ints(...ends!)],
    }),
  ),
  ...pads,
  ...WIDTHS.map((dtype) =>
    opCase<PadAttrs>({
      op: Pad,
      name: `edge of ${dtype}`,
      attrs: { mode: 'edge', axes: [0, 1] },
      inputs: [{ dtype, shape: [3, 20] }, ints(1, 2, 3, 4), { dtype, shape: [] }],
    }),
  ),
  opCase({ op: Identity, attrs: {}, inputs: [{ shape: [2, 3] }] }),
  opCase({ op: Flatten, attrs: { axis: 2 }, inputs: [{ shape: [2, 3, 4, 5] }] }),
  opCase({ op: Flatten, attrs: { axis: 0 }, inputs: [{ shape: [2, 3] }] }),
  opCase({ op: Squeeze, attrs: { axes: [0, 2] }, inputs: [{ shape: [1, 3, 1, 4] }] }),
  opCase({ op: Unsqueeze, attrs: { axes: [0, 2, 4] }, inputs: [{ shape: [3, 4] }] }),
  opCase({ op: Unsqueeze, attrs: { axes: [0] }, inputs: [{ shape: [] }] }),
  opCase({
    op: Reshape,
    name: 'order',
    attrs: { allowzero: false, order: [2, 0, 1] },
    inputs: [{ shape: [4, 6] }, ints(2, -1, 4)],
  }),
  opCase({
    op: Reshape,
    name: 'allowzero',
    attrs: { allowzero: true },
    inputs: [{ shape: [0, 4] }, ints(3, 0)],
  }),
  opCase({ op: Expand, attrs: {}, inputs: [{ shape: [3, 1, 2] }, ints(4, 1, 5, 1)] }),
  opCase({ op: Expand, attrs: {}, inputs: [{ shape: [] }, ints(2, 0, 3)] }),
  opCase({ op: Expand, attrs: {}, inputs: [{ shape: [3, 1] }, ints(3, 300)] }),
  opCase({ op: Tile, attrs: {}, inputs: [{ shape: [2, 3] }, ints(3, 2)] }),
  opCase({ op: Tile, attrs: {}, inputs: [{ shape: [2, 3, 1, 4] }, ints(1, 2, 5, 1)] }),
  opCase({ op: Tile, attrs: {}, inputs: [{ dtype: 'uint8', shape: [7] }, ints(0)] }),
  opCase({ op: Split, name: 'one', attrs: { axis: 0, count: 1 }, inputs: [{ shape: [3, 2] }] }),
  opCase({
    op: Split,
    name: 'given sizes',
    attrs: { axis: -0, count: 3 },
    inputs: [{ shape: [9, 2] }, ints(2, 0, 7)],
    outputs: 3,
  }),
  opCase({
    op: Concat,
    name: 'with an empty part',
    attrs: { axis: 0 },
    inputs: [{ shape: [2, 3] }, { shape: [0, 3] }, { shape: [4, 3] }],
  }),
  opCase({ op: Concat, name: 'one', attrs: { axis: 2 }, inputs: [{ shape: [2, 3, 5] }] }),
  ...(['DCR', 'CRD'] as const).map((mode) =>
    opCase({
      op: DepthToSpace,
      name: mode,
      attrs: { blockSize: 2, mode },
      inputs: [{ shape: [2, 3, 4, 20] }],
    }),
  ),
  opCase({
    op: DepthToSpace,
    attrs: { blockSize: 3, mode: 'CRD' },
    inputs: [{ shape: [1, 5, 4, 9] }],
  }),
  ...(['DCR', 'CRD'] as const).map((mode) =>
    opCase({
      op: SpaceToDepth,
      name: mode,
      attrs: { blockSize: 2, mode },
      inputs: [{ shape: [2, 6, 4, 5] }],
    }),
  ),
];
