/** Depthwise convolution: the step of Conv nodes with one input channel for each group. */
import { lowerStages } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { splitEpilogue } from './epilogue.js';
import type { GraphStage } from '../ir/stages.js';
import { reordered, widened } from './views.js';

/** Spatial axes that the kernel has, and rows of an item (tiles are one or two rows high). */
const AXES = 3;
const ROWS = 2;
/** Sizes in native/ops/dwconv.cpp. */
const TABLE = 96;
const COLUMNS = 8;
const TILE_BYTES = 4096;
const BLOCK_BYTES = 1024;
const ITEM_MACS = 4e5;

export interface DepthwiseSpec {
  readonly x: Operand;
  /** [C, 1, ...kernel] */
  readonly w: Operand;
  /** of out's shape by strides */
  readonly bias: Operand | null;
  readonly out: Operand;
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** padding before each axis */
  readonly before: readonly Dim[];
  readonly stages: readonly GraphStage[];
  readonly extras: readonly Operand[];
}

export function lowerDepthwise(l: Lowering, spec: DepthwiseSpec): void {
  const { kernel, x, out } = spec;
  const missing = AXES - kernel.length;
  const wide = (o: Operand): Operand => widened(o, 1, missing);
  const channels = out.shape.at(-1)!;
  const taps = product(kernel) as number;
  const isBias = (o: Operand): boolean =>
    o.shape.slice(0, -1).every((d, i) => d === 1 || o.strides[i] === 0);
  const epilogue = splitEpilogue(lowerStages(spec.stages, 'f32')!, spec.extras, spec.bias, isBias);
  const { bias, residual, operands, stages, lo, hi } = epilogue;
  const channelsLast = reordered(spec.w, [...kernel.map((_, i) => i + 2), 1, 0]);
  const weights = l.dense(channelsLast);
  const params: Record<string, Dim> = {};
  const put = (name: string, list: readonly Dim[], fill: number): void => {
    for (let i = 0; i < AXES; i++) params[`${name}${i}`] = i < missing ? fill : list[i - missing]!;
  };
  put('kernel', kernel, 1);
  put('stride', spec.strides, 1);
  put('dilation', spec.dilations, 1);
  put('pad', spec.before, 0);
  const target = wide(out);
  const [n, o0, o1, o2] = target.shape as [Dim, Dim, Dim, Dim];
  const macs = D.mul(D.mul(D.mul(o2, channels), taps), ROWS);
  const zeros = D.mul(D.mul(D.ceilDiv(channels, 16), 16), 4);
  const table = Math.ceil((Math.max(TABLE, taps * COLUMNS) * 8) / 64) * 64;
  l.emit({
    kernel: 'dwconv.f32',
    params: { ...params, rowBlock: ROWS, lo, hi },
    inputs: [
      wide(x),
      { ...weights, shape: [taps, channels], strides: [channels, 1] },
      bias && { ...bias, shape: [channels], strides: [bias.strides.at(-1)!] },
      residual && wide(residual),
      ...operands.map(wide),
    ],
    outputs: [target],
    scratch: D.add(zeros, table + TILE_BYTES + (operands.length + stages.length) * BLOCK_BYTES),
    items: D.mul(D.mul(n, o0), D.ceilDiv(o1, ROWS)),
    grain: D.max(1, D.floorDiv(ITEM_MACS, D.max(1, macs))),
    ...(stages.length > 0 ? { stages } : {}),
  });
}
