/**
 * Emits matrix products: a step that packs the right-hand side (native/ops/pack.cpp; done while
 * compiling where it is constant) and the gemm step itself (native/gemm/driver.h).
 */
import { raise } from '../errors.js';
import { type GraphStage, lowerStages } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { broadcastStrides, product } from '../tensor/shape.js';
import { type Epilogue, splitEpilogue } from './epilogue.js';
import { MAX_RANK } from './moving.js';

/** Columns of a panel, the longest K block, bytes of B that stay in L2 (native/gemm/). */
export const PANEL = 16;
const K_BLOCK = 384;
const SMALL_WEIGHTS = 700 << 10;
/** Multiplications, or bytes of B, that make a pair of items; what takes less time than these makes one. */
const PAIR_MACS = 26e6;
const PAIR_BYTES = 1 << 20;
const SINGLE_MACS = 1e6;
const MACS_A_BYTE = 4;
const MAX_PAIRS = 32;
/** Bytes of A that an item reads again and again while B streams. */
const A_BYTES = 1 << 20;
/** Panels that micro-kernels take without a rest; so few rows are not cut while there are panels to cut. */
const PANELS = 6;
const FEW_ROWS = 512;
/** Rows of so few m are gathered, to fill the tiles; then an item has so many of all of them at least. */
const SHORT_ROW = 3;
const GATHERED = 112;

/** out[g…, r…, m, n] = stages(Σ A[g…, r…, m, t…, k]·B[g…, t…, k, n] + bias[n]), all float32. */
export interface ProductSpec {
  /** inner axis contiguous; axes may overlap */
  readonly a: Operand;
  /** any strides; the axes g… may have size 1 where those of `out` are longer */
  readonly b: Operand;
  readonly out: Operand;
  /** number of axes g… and t… */
  readonly groups: number;
  readonly taps: number;
  /** of out's shape by strides */
  readonly bias: Operand | null;
  readonly stages: readonly GraphStage[];
  /** operands of the stages, of out's shape by strides; extras[i] is input firstExtra + i of the node */
  readonly extras: readonly Operand[];
  /** elements of A that are really there (its axes overlap) */
  readonly aElements: Dim;
}

const spliced = <T>(list: readonly T[], at: number, one: T): T[] => [
  ...list.slice(0, at),
  one,
  ...list.slice(at + 2),
];

/** Axes i and i+1 as one where they step through memory as one, else null. */
function joined(o: Operand, i: number): Operand | null {
  const [outer, inner] = [o.shape[i]!, o.shape[i + 1]!];
  const [so, si] = [o.strides[i]!, o.strides[i + 1]!];
  const stride = outer === 1 ? si : inner === 1 ? so : so === D.mul(inner, si) ? si : null;
  if (stride === null) return null;
  return {
    ...o,
    shape: spliced(o.shape, i, D.mul(outer, inner)),
    strides: spliced(o.strides, i, stride),
  };
}

/** Axes i and i+1 of all operands as one, or null. */
function joinAll(operands: readonly Operand[], i: number): Operand[] | null {
  const result = operands.flatMap((o) => joined(o, i) ?? []);
  return result.length === operands.length ? result : null;
}

/** A with taps joined to k as far as they are runs of it, and the number of taps left. */
export function joinTaps(a: Operand, taps: number): { a: Operand; taps: number } {
  for (; taps > 0; taps--) {
    const next = joined(a, a.shape.length - 2);
    if (!next || (next.strides.at(-1) !== 1 && next.shape.at(-1) !== 1)) break;
    a = next;
  }
  return { a, taps };
}

interface Blocks {
  readonly period: Dim;
  readonly block: Dim;
}

/** K blocks of B: all of it where it is small, else whole taps or even parts of one. */
function blocksOf(taps: Dim, perTap: Dim, n: Dim): Blocks {
  const k = D.mul(taps, perTap);
  const all = D.max(1, k);
  if (D.typical(D.mul(D.mul(k, n), 4)) <= SMALL_WEIGHTS) return { period: all, block: all };
  if (D.typical(perTap) > K_BLOCK) {
    const parts = D.max(1, D.ceilDiv(perTap, K_BLOCK));
    return { period: D.max(1, perTap), block: D.max(1, D.ceilDiv(perTap, parts)) };
  }
  const together = D.max(1, D.floorDiv(K_BLOCK, D.max(1, perTap)));
  const even = D.ceilDiv(taps, D.max(1, D.ceilDiv(taps, together)));
  const block = D.max(1, D.mul(even, perTap));
  return { period: block, block };
}

/** Emits the step that packs B. */
function pack(l: Lowering, { b, groups }: ProductSpec, blocks: Blocks): Operand {
  const lead = b.shape.slice(0, groups);
  const panels = D.ceilDiv(b.shape.at(-1)!, PANEL);
  const floats = D.mul(product(b.shape.slice(groups, -1)), PANEL);
  const packed = l.temp('float32', [...lead, D.mul(floats, panels)]);
  l.emit({
    kernel: 'pack.f32',
    params: { ...blocks },
    inputs: [b],
    outputs: [packed],
    items: D.mul(product(lead), panels),
    grain: D.max(1, D.floorDiv(8192, D.max(1, floats))),
  });
  return packed;
}

/** Sizes that decide how a step is cut into items. */
interface Work {
  readonly groups: Dim;
  readonly rows: Dim;
  readonly m: Dim;
  readonly k: Dim;
  readonly n: Dim;
  readonly aElements: Dim;
  readonly copy: boolean;
  /** groups are columns of one row of the output: threads should not share rows */
  readonly interleaved: boolean;
}

export const roundUp = (d: Dim, unit: number): Dim => D.mul(D.ceilDiv(d, unit), unit);
export const partOf = (d: Dim, parts: Dim): Dim => D.max(1, D.ceilDiv(d, D.max(1, parts)));

/** Blocks of rows, m and panels of an item (native/gemm/driver.h). */
function cutOf({ groups, rows, m, k, n, aElements, copy, interleaved }: Work) {
  const bytes = D.mul(D.mul(k, n), 4);
  const large = D.typical(bytes) > SMALL_WEIGHTS;
  const macs = D.mul(D.mul(D.mul(groups, rows), D.mul(m, k)), n);
  const pairs = D.max(D.ceilDiv(macs, PAIR_MACS), D.ceilDiv(D.mul(groups, bytes), PAIR_BYTES));
  const weight = D.max(macs, D.mul(D.mul(groups, bytes), MACS_A_BYTE));
  const all = D.select(D.lt(weight, SINGLE_MACS), 1, D.mul(2, D.min(MAX_PAIRS, pairs)));
  const wanted = interleaved ? all : partOf(all, groups);
  const byRows = (parts: Dim): { rowBlock: Dim; mBlock: Dim } => {
    if (copy || D.typical(rows) >= D.typical(parts))
      return { rowBlock: partOf(rows, parts), mBlock: D.max(1, m) };
    return { rowBlock: 1, mBlock: partOf(m, D.ceilDiv(parts, D.max(1, rows))) };
  };
  const panels = D.ceilDiv(n, PANEL);
  const few =
    D.typical(D.mul(rows, m)) < FEW_ROWS && D.typical(panels) >= PANELS * D.typical(wanted);
  if (!large && !few) {
    const parts = copy ? D.max(wanted, D.ceilDiv(D.mul(rows, m), GATHERED)) : wanted;
    return { ...byRows(parts), nBlock: D.max(1, panels) };
  }
  const parts = D.max(1, D.ceilDiv(D.mul(aElements, 4), D.mul(A_BYTES, D.max(1, groups))));
  const unit = typeof panels === 'number' && panels % PANELS === 0 ? PANELS : 2;
  return { ...byRows(parts), nBlock: roundUp(partOf(panels, partOf(wanted, parts)), unit) };
}

export const lines64 = (bytes: Dim): Dim => roundUp(bytes, 64);

/** Operands of the gemm step, with rows joined as far as they can be. */
export interface Layout {
  readonly a: Operand;
  readonly out: Operand;
  readonly residual: Operand | null;
  readonly operands: readonly Operand[];
}

export function layOut(spec: ProductSpec, a: Operand, { residual, operands }: Epilogue): Layout {
  let all = [a, spec.out, ...(residual ? [residual] : []), ...operands];
  for (let i = spec.out.shape.length - 3; i >= spec.groups; i--) {
    const next = joinAll(all, i);
    if (!next) break;
    all = next;
  }
  const [first, out, ...rest] = all as [Operand, Operand, ...Operand[]];
  return { a: first, out, residual: residual ? rest.shift()! : null, operands: rest };
}

/** True where all rows of everything but A follow each other, so that gathered rows may be one tile. */
export function rowsFollow({ out, residual, operands }: Layout, groups: number): boolean {
  let all = [out, ...(residual ? [residual] : []), ...operands];
  for (let i = out.shape.length - 3; i >= groups; i--) {
    const next = joinAll(all, i);
    if (!next) return false;
    all = next;
  }
  return true;
}

/** The operand does not vary along rows. */
export const ofColumns =
  (groups: number) =>
  (o: Operand): boolean =>
    o.shape.slice(groups, -1).every((d, i) => d === 1 || o.strides[groups + i] === 0);

/** One row of an operand of the output's shape, for each group. */
export const ofGroups = (o: Operand, groups: number): Operand => ({
  ...o,
  shape: [...o.shape.slice(0, groups), o.shape.at(-1)!],
  strides: [...o.strides.slice(0, groups), o.strides.at(-1)!],
});

/** Packed matrices of the group axes `own`, repeated where those of the output, `lead`, are longer. */
export const forGroups = (packed: Operand, own: readonly Dim[], lead: readonly Dim[]): Operand => ({
  ...packed,
  shape: [...lead, packed.shape.at(-1)!],
  strides: [...broadcastStrides(own, packed.strides.slice(0, -1), lead), 1],
});

/** Emits the steps of a product. */
export function emitProduct(l: Lowering, spec: ProductSpec): void {
  const { groups, b } = spec;
  const { a } = joinTaps(spec.a, spec.taps);
  const epilogue = splitEpilogue(
    lowerStages(spec.stages, 'f32')!,
    spec.extras,
    spec.bias,
    ofColumns(groups),
  );
  const layout = layOut(spec, a, epilogue);
  if (layout.a.shape.length > MAX_RANK) return eachGroup(spec, (one) => emitProduct(l, one));
  const { out, residual, operands } = layout;
  const outer = out.shape.length - 2;
  const n = out.shape.at(-1)!;
  const perTap = a.shape.at(-1)!;
  const k = D.mul(product(layout.a.shape.slice(outer + 1, -1)), perTap);
  const blocks = blocksOf(product(layout.a.shape.slice(outer + 1, -1)), perTap, n);
  const packed = pack(l, spec, blocks);
  const lead = out.shape.slice(0, groups);
  const rows = product(out.shape.slice(groups, outer));
  const m = out.shape[outer]!;
  const short = D.typical(m) <= SHORT_ROW && D.typical(rows) > 1;
  const copy = short && rowsFollow(layout, groups);
  const interleaved =
    groups > 0 && D.typical(out.strides[groups - 1]!) < D.typical(out.strides[outer]!);
  const { aElements } = spec;
  const work = { groups: product(lead), rows, m, k, n, aElements, copy, interleaved };
  const { rowBlock, mBlock, nBlock } = cutOf(work);
  const { bias, lo, hi, stages } = epilogue;
  const extraBytes = (operands.length + stages.length) * 1024;
  const copyStride = D.add(roundUp(D.min(blocks.block, k), 32), 16);
  l.emit({
    kernel: 'gemm.f32',
    params: { ...blocks, rowBlock, mBlock, nBlock, copy: copy ? 1 : 0, lo, hi },
    inputs: [
      layout.a,
      forGroups(packed, b.shape.slice(0, groups), lead),
      bias && ofGroups(bias, groups),
      residual,
      ...operands,
    ],
    outputs: [out],
    scratch: [
      lines64(D.mul(product(layout.a.shape.slice(outer + 1, -1)), 8)),
      lines64(D.mul(rowBlock, (3 + operands.length) * 8)),
      4096 + extraBytes,
      copy ? D.mul(D.mul(D.mul(rowBlock, mBlock), copyStride), 4) : 0,
    ].reduce(D.add),
    items: [
      product(lead),
      D.ceilDiv(rows, rowBlock),
      D.ceilDiv(m, mBlock),
      D.ceilDiv(D.ceilDiv(n, PANEL), nBlock),
    ].reduce(D.mul),
    grain: interleaved ? product(lead) : 1,
    ...(stages.length > 0 ? { stages } : {}),
    inplace: residual ? [3] : [],
  });
}

/** One product for each index of the first group axis: operands of all groups have too many axes. */
export function eachGroup<S extends ProductSpec>(spec: S, emit: (spec: S) => void): void {
  const count = spec.out.shape[0];
  if (spec.groups === 0 || typeof count !== 'number')
    return raise('HAIO_E_LIMIT', {
      what: 'axes of a product',
      got: spec.a.shape.length,
      limit: MAX_RANK,
    });
  const at = (o: Operand, i: number): Operand => ({
    ...o,
    shape: o.shape.slice(1),
    strides: o.strides.slice(1),
    offset: o.shape[0] === 1 ? o.offset : D.add(o.offset, D.mul(o.strides[0]!, i)),
  });
  for (let i = 0; i < count; i++)
    emit({
      ...spec,
      groups: spec.groups - 1,
      a: at(spec.a, i),
      b: at(spec.b, i),
      out: at(spec.out, i),
      bias: spec.bias && at(spec.bias, i),
      extras: spec.extras.map((o) => at(o, i)),
      aElements: D.ceilDiv(spec.aElements, count),
    });
}
