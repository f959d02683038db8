/** Resize: every kind of grid, axes alone, in pairs and apart. */
import { NEAREST, TRANSFORMS } from '../../lib/ops/resize-grid.js';
import { Resize } from '../../lib/ops/resize.js';
import type { ResizeAttrs } from '../../lib/ops/resize-shape.js';
import { type CaseInput, type OpCase, opCase } from '../op-suite.js';

const PLAIN: ResizeAttrs = {
  mode: 'linear',
  transform: 'half_pixel',
  nearest: 'round_prefer_floor',
  cubicA: -0.75,
  excludeOutside: false,
  antialias: false,
  axes: [1, 2],
  scales: null,
  roi: null,
  extrapolation: 9,
  policy: 'stretch',
};
const known = (...values: number[]): CaseInput => ({
  dtype: 'int64',
  shape: [values.length],
  values,
  constant: true,
});
const resize = (
  name: string,
  shape: readonly number[],
  attrs: Partial<ResizeAttrs>,
  sizes: CaseInput | null = null,
  more: Partial<OpCase> = {},
): OpCase =>
  opCase({
    op: Resize,
    name,
    attrs: { ...PLAIN, ...attrs },
    inputs: [{ shape, ...(more.inputs?.[0] ?? {}) }, sizes],
    rtol: 1e-4,
    atol: 1e-5,
    ...(more.host ? { host: true } : {}),
  });

const grids = TRANSFORMS.flatMap((transform) =>
  (['nearest', 'linear', 'cubic'] as const).flatMap((mode) => {
    const host = { host: transform === 'tf_crop_and_resize' };
    const attrs = {
      transform,
      mode,
      roi: host.host
        ? ([
            [0.2, 0.9],
            [-0.1, 0.7],
          ] as const)
        : null,
    };
    return [
      resize(`${mode} ${transform} to sizes`, [2, 5, 7, 3], attrs, known(9, 4), host),
      resize(
        `${mode} ${transform} by scales`,
        [2, 5, 7, 3],
        { ...attrs, scales: [0.6, 2.3] },
        null,
        host,
      ),
      resize(`${mode} ${transform} to one`, [1, 5, 7, 1], attrs, known(1, 1), host),
    ];
  }),
);

export const cases: readonly OpCase[] = [
  ...grids,
  ...NEAREST.flatMap((nearest) =>
    [0.5, 1.5, 2].map((s) =>
      resize(`${nearest} by ${s}`, [1, 6, 8, 2], { mode: 'nearest', nearest, scales: [s, s] }),
    ),
  ),
  ...(['linear', 'cubic'] as const).flatMap((mode) => [
    resize(`${mode} with antialias`, [1, 20, 17, 5], {
      mode,
      antialias: true,
      scales: [0.3, 0.45],
    }),
    resize(`${mode} without outside`, [1, 6, 7, 5], {
      mode,
      excludeOutside: true,
      scales: [2, 0.7],
    }),
    resize(`${mode} of channels first`, [2, 3, 6, 7], { mode, axes: [2, 3] }, known(11, 13)),
    resize(`${mode} of one axis`, [2, 6, 33], { mode, axes: [1], scales: [1.5] }),
    resize(`${mode} of the last axis`, [2, 6, 33], { mode, axes: [2], scales: [0.5] }),
    resize(`${mode} of three axes`, [1, 4, 5, 6, 2], { mode, axes: [1, 2, 3] }, known(7, 5, 9)),
    resize(`${mode} of axes apart`, [4, 3, 6], { mode, axes: [0, 2] }, known(6, 9)),
    resize(`${mode} of many channels`, [1, 3, 4, 70], { mode, scales: [2, 2] }),
  ]),
  resize('nearest of channels first', [2, 3, 6, 7], {
    mode: 'nearest',
    axes: [2, 3],
    scales: [2, 3],
  }),
  resize('nearest of many channels', [1, 3, 4, 70], { mode: 'nearest', scales: [2, 2] }),
  resize('nearest of one axis', [3, 6, 2], { mode: 'nearest', axes: [1], scales: [1.7] }),
  resize('not larger', [1, 10, 20, 2], { policy: 'not_larger' }, known(30, 30)),
  resize('not smaller', [1, 10, 20, 2], { policy: 'not_smaller' }, known(5, 5)),
  resize('uint8 nearest', [1, 4, 5, 3], { mode: 'nearest', scales: [2, 2] }, null, {
    inputs: [{ shape: [1, 4, 5, 3], dtype: 'uint8' }],
  }),
  resize('uint8 linear', [1, 4, 5, 3], { scales: [2, 2] }, null, {
    inputs: [{ shape: [1, 4, 5, 3], dtype: 'uint8' }],
    host: true,
  }),
];
