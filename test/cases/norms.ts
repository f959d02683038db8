/** Normalisations. */
import { GroupNorm } from '../../lib/ops/group-norm.js';
import { LayerNorm } from '../../lib/ops/layer-norm.js';
import { Lrn } from '../../lib/ops/lrn.js';
import { RmsNorm } from '../../lib/ops/rms-norm.js';
import { type OpCase, opCase } from '../op-suite.js';

const SHAPES: readonly (readonly [readonly number[], number])[] = [
  [[1, 1], 1],
  [[3, 7], 1],
  [[2, 3, 64], 2],
  [[5, 2, 385], 2],
  [[2, 3, 4, 5], 2],
  [[2, 3, 4, 5], 0],
  [[2, 2100], 1],
  [[0, 8], 1],
];

export const cases: readonly OpCase[] = [
  ...[LayerNorm, RmsNorm].flatMap((op) =>
    SHAPES.flatMap(([shape, axis]) => {
      const vector = { shape: shape.slice(axis) };
      const attrs = { axis, epsilon: 1e-5, sum: false };
      const name = `[${shape.join()}] from ${axis}`;
      const x = { shape, range: [-3, 5] } as const;
      const tight = { atol: 1e-5 };
      return [
        opCase({ op, name, attrs, inputs: [x, vector, vector, null], ...tight }),
        opCase({ op, name: `${name}, scale`, attrs, inputs: [x, vector, null, null], ...tight }),
        opCase({ op, name: `${name}, bias`, attrs, inputs: [x, null, vector, x], ...tight }),
        opCase({
          op,
          name: `${name}, residual and sum`,
          attrs: { ...attrs, sum: true },
          inputs: [x, vector, vector, { shape }],
          outputs: 2,
          ...tight,
        }),
        opCase({
          op,
          name: `${name}, sum alone`,
          attrs: { ...attrs, sum: true },
          inputs: [x, null, null, null],
          outputs: 2,
          ...tight,
        }),
      ];
    }),
  ),
  ...[1, 3, 6, 32, 40].flatMap((size) =>
    [true, false].flatMap((channelsLast) =>
      [[5, 7], [3], [], [2, 3, 130], [4, 1]].map((spatial) => {
        const channels = size * (size < 32 ? 11 : 2);
        const shape = channelsLast ? [2, ...spatial, channels] : [2, channels, ...spatial];
        return opCase({
          op: GroupNorm,
          name: `[${shape.join()}] by ${size}${channelsLast ? ' last' : ''}`,
          attrs: { size, epsilon: 1e-3, channelsLast },
          inputs: [{ shape, range: [-1, 3] }, { shape: [channels] }, { shape: [channels] }],
          atol: 2e-5,
        });
      }),
    ),
  ),
  ...[1, 2, 5, 8].flatMap((size) =>
    [0.75, 0.5].map((beta) =>
      opCase({
        op: Lrn,
        name: `of ${size}, beta ${beta}`,
        attrs: { size, alpha: 0.3, beta, bias: 1.5 },
        inputs: [{ shape: [2, 3, 37] }],
      }),
    ),
  ),
];
