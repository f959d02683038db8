/** 3×3 convolutions of stride 1 by minimal filtering: when, and their steps (native/ops/winograd.cpp). */
import { type GraphStage, lowerStages } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { splitEpilogue } from './epilogue.js';

const PANEL = 16;
/** Panels of a chunk of products, floats between rows of scratch. */
const CHUNK = 4;
const PAD = 16;
const BLOCK_BYTES = 1024;
/** Channels on both sides, tiles, and the share of them inside the image, that make it worth while. */
const MIN_CHANNELS = 16;
const MIN_TILES = 49;
const MIN_INSIDE = 0.75;
/** Channels up to which the small tiles win: their weights are twice as many as the plain ones. */
const MAX_SMALL_CHANNELS = 512;

const tilesOf = (shape: readonly Dim[], m: number): Dim =>
  D.mul(D.mul(shape[0]!, D.ceilDiv(shape[1]!, m)), D.ceilDiv(shape[2]!, m));

/** Side of the output tiles that suit an output [N, H, W, M] of `channels` channels; 0: none. */
export function tileSide(shape: readonly Dim[], channels: Dim): 0 | 2 | 4 {
  if (typeof channels !== 'number' || typeof shape[3] !== 'number') return 0;
  if (Math.min(channels, shape[3]) < MIN_CHANNELS) return 0;
  const pixels = shape.slice(0, 3).reduce<number>((p, d) => p * D.typical(d), 1);
  for (const m of [4, 2] as const) {
    const tiles = D.typical(tilesOf(shape, m));
    if (m === 2 && channels > MAX_SMALL_CHANNELS) return 0;
    if (tiles >= MIN_TILES && pixels >= MIN_INSIDE * tiles * m * m) return m;
  }
  return 0;
}

export interface WinogradSpec {
  readonly m: 2 | 4;
  readonly x: Operand;
  /** [M, C, 3, 3] */
  readonly w: Operand;
  /** of out's shape by strides */
  readonly bias: Operand | null;
  readonly out: Operand;
  /** zeros before the two spatial axes */
  readonly before: readonly [Dim, Dim];
  readonly stages: readonly GraphStage[];
  readonly extras: readonly Operand[];
}

interface Cut {
  readonly tileBlock: Dim;
  readonly nBlock: Dim;
  readonly grain: number;
}

/**
 * Tiles and panels of an item. Where `bytes` of transformed weights are too many for L2 they are read
 * once for many tiles, and the panels are shared out; items of one call share the transformed input.
 */
function cutOf(tiles: Dim, panels: Dim, bytes: number): Cut {
  const even = (parts: Dim): Dim => D.max(1, D.ceilDiv(tiles, D.max(1, parts)));
  if (bytes <= 1 << 20) {
    const tileBlock = even(D.mul(8, D.ceilDiv(tiles, 8 * 28)));
    return { tileBlock, nBlock: D.max(1, panels), grain: 1 };
  }
  const most = bytes <= 4 << 20 ? 56 : 112;
  const parts = Math.max(1, Math.min(4, Math.floor(D.typical(panels) / CHUNK)));
  const chunks = D.ceilDiv(D.ceilDiv(panels, CHUNK), parts);
  return {
    tileBlock: even(D.ceilDiv(tiles, most)),
    nBlock: D.max(1, D.mul(chunks, CHUNK)),
    grain: Math.ceil(parts / 2),
  };
}

const roundUp = (d: Dim, unit: number): Dim => D.mul(D.ceilDiv(d, unit), unit);

export function lowerWinograd(l: Lowering, spec: WinogradSpec): void {
  const { m, x, w, out } = spec;
  const positions = (m + 2) ** 2;
  const channels = x.shape[3]!;
  const panels = D.ceilDiv(out.shape[3]!, PANEL);
  const floats = D.mul(D.mul(channels, panels), PANEL);
  const weights = l.temp('float32', [positions, floats]);
  l.emit({
    kernel: 'winograd_pack.f32',
    params: { m },
    inputs: [w],
    outputs: [weights],
    items: panels,
  });
  const isBias = (o: Operand): boolean =>
    o.shape.slice(0, -1).every((d, i) => d === 1 || o.strides[i] === 0);
  const epilogue = splitEpilogue(lowerStages(spec.stages, 'f32')!, spec.extras, spec.bias, isBias);
  const { bias, residual, operands, stages, lo, hi } = epilogue;
  const tiles = tilesOf(out.shape, m);
  const { tileBlock, nBlock, grain } = cutOf(tiles, panels, D.typical(floats) * positions * 4);
  const line = D.add(roundUp(channels, 2 * PANEL), PAD);
  const plane = (row: Dim): Dim => D.mul(positions, D.add(D.mul(tileBlock, row), PAD));
  const scratch = [
    plane(line),
    plane(CHUNK * PANEL + PAD),
    roundUp(channels, PANEL),
    m * m * CHUNK * PANEL,
  ];
  l.emit({
    kernel: 'winograd.f32',
    params: { m, padY: spec.before[0], padX: spec.before[1], tileBlock, nBlock, lo, hi },
    inputs: [
      x,
      weights,
      bias && { ...bias, shape: [out.shape[3]!], strides: [bias.strides[3]!] },
      residual,
      ...operands,
    ],
    outputs: [out],
    scratch: D.add(
      D.mul(4, scratch.reduce(D.add)),
      (operands.length + stages.length) * BLOCK_BYTES,
    ),
    items: D.mul(D.ceilDiv(tiles, tileBlock), D.ceilDiv(panels, nBlock)),
    grain,
    ...(stages.length > 0 ? { stages } : {}),
    inplace: residual ? [3] : [],
  });
}
