/**
 * Emits matrix products of 16- or 8-bit matrices: a step that packs the right-hand side
 * (native/ops/pack_narrow.cpp; done while compiling where it is constant) and the gemm step itself
 * (native/gemm/narrow.h).
 */
import { lowerStages } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { bytesOf } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { splitEpilogue } from './epilogue.js';
import {
  PANEL,
  type ProductSpec,
  eachGroup,
  forGroups,
  joinTaps,
  layOut,
  lines64,
  ofColumns,
  ofGroups,
  partOf,
  roundUp,
  rowsFollow,
} from './gemm-step.js';
import { MAX_RANK } from './moving.js';
import { FLOATS, splitScaling } from './requantize.js';

/** A format of native/gemm/narrow_panels.h: k of a step, bytes of an element, bytes behind a panel. */
interface Format {
  readonly dtype: 'bfloat16' | 'int8';
  readonly step: number;
  readonly size: number;
  readonly behind: number;
}
export const FORMATS = {
  bf16: { dtype: 'bfloat16', step: 32, size: 2, behind: 0 },
  i8: { dtype: 'int8', step: 64, size: 1, behind: 128 },
} as const satisfies Record<string, Format>;

/**
 * ProductSpec with A float32 or bfloat16, B and the bias as their kernels take them, extras of any
 * numeric type: the stages' domain is f32. For 8 bits A and B are int8 or uint8, the bias int32, and
 * zero points are subtracted: one of A, one for each column of B.
 */
export interface NarrowSpec extends ProductSpec {
  readonly format: keyof typeof FORMATS;
  readonly zeroA?: Operand | null;
  /** of b's shape without t… and k */
  readonly zeroB?: Operand | null;
}

/** Multiplications that make a pair of items; what takes less time than the second makes one. */
const PAIR_MACS = 200e6;
const SINGLE_MACS = 4e6;
const MAX_PAIRS = 32;
/** Bytes of A that an item copies or reads again and again. */
const A_BYTES = 1 << 20;
/** Tiles whose sums exist at a time, and bytes of one. */
const SUMS = 16 * 4096;
const SHORT_ROW = 3;

function pack(l: Lowering, { b, groups, zeroB, format }: NarrowSpec, k: Dim): Operand {
  const { dtype, size, behind } = FORMATS[format];
  const lead = b.shape.slice(0, groups);
  const panels = D.ceilDiv(b.shape.at(-1)!, PANEL);
  const bytes = D.mul(panels, D.add(D.mul(k, PANEL * size), behind));
  const packed = l.temp(dtype, [...lead, D.floorDiv(bytes, size)]);
  l.emit({
    kernel: `pack.${format}`,
    params: {},
    inputs: zeroB ? [b, zeroB] : [b],
    outputs: [packed],
    items: D.mul(product(lead), panels),
    grain: D.max(1, D.floorDiv(512, D.max(1, k))),
  });
  return packed;
}

/** Blocks of rows, m and panels of an item (native/gemm/narrow.h). */
function cutOf(groups: Dim, rows: Dim, m: Dim, k: Dim, n: Dim, size: number, gathered: boolean) {
  const all = D.mul(rows, m);
  const macs = D.mul(D.mul(groups, all), D.mul(k, n));
  const pairs = D.mul(2, D.min(MAX_PAIRS, D.ceilDiv(macs, PAIR_MACS)));
  const parts = partOf(D.select(D.lt(macs, SINGLE_MACS), 1, pairs), groups);
  const panels = D.ceilDiv(n, PANEL);
  const most = D.max(32, D.floorDiv(A_BYTES, D.max(1, D.mul(k, size))));
  const byColumns = D.typical(n) >= D.typical(all);
  const rowParts = D.max(byColumns ? 1 : parts, D.ceilDiv(all, most));
  const nBlock = byColumns ? roundUp(partOf(panels, parts), 4) : D.max(1, panels);
  if (gathered || D.typical(rows) >= D.typical(rowParts))
    return { rowBlock: partOf(rows, rowParts), mBlock: D.max(1, m), nBlock };
  return { rowBlock: 1, mBlock: partOf(m, D.ceilDiv(rowParts, D.max(1, rows))), nBlock };
}

/** Emits the steps of a product of narrow matrices. */
export function emitNarrow(l: Lowering, spec: NarrowSpec): void {
  const { groups, b, format, zeroA } = spec;
  const { step, size } = FORMATS[format];
  const { a } = joinTaps(spec.a, spec.taps);
  const integers = format === 'i8';
  const lowered = lowerStages(spec.stages, 'f32')!;
  const split = splitEpilogue(integers ? [] : lowered, spec.extras, spec.bias, ofColumns(groups));
  const scaled = integers ? splitScaling(lowered, spec.extras, ofColumns(groups)) : null;
  const epilogue = { ...split, ...scaled };
  const layout = layOut(spec, a, epilogue);
  if (layout.a.shape.length > MAX_RANK) return eachGroup(spec, (one) => emitNarrow(l, one));
  const { out, residual, operands } = layout;
  const outer = out.shape.length - 2;
  const taps = product(layout.a.shape.slice(outer + 1, -1));
  const perTap = layout.a.shape.at(-1)!;
  const k = roundUp(D.mul(taps, perTap), step);
  const packed = pack(l, spec, k);
  const lead = out.shape.slice(0, groups);
  const rows = product(out.shape.slice(groups, outer));
  const m = out.shape[outer]!;
  const follow = rowsFollow(layout, groups);
  const gather = D.typical(m) <= SHORT_ROW && D.typical(rows) > 1 && follow;
  const copy =
    gather || bytesOf(a.dtype) !== size ? 1 : D.select(D.eq(D.mod(perTap, step), 0), 0, 1);
  const cut = cutOf(product(lead), rows, m, k, out.shape.at(-1)!, size, gather);
  // copied rows must be whole and follow each other, or come one by one
  const { mBlock, nBlock } = cut;
  const rowBlock = copy === 0 || gather ? cut.rowBlock : 1;
  const { bias, lo, hi, stages } = epilogue;
  const count = D.mul(rowBlock, mBlock);
  const lines = D.floorDiv(k, step);
  const stride = D.mul(D.add(lines, D.sub(1, D.mod(lines, 2))), step * size);
  l.emit({
    kernel: `gemm.${format}`,
    params: {
      ...{ rowBlock, mBlock, nBlock, copy },
      ...(scaled?.quantize ?? { ...FLOATS, lo, hi }),
    },
    inputs: [
      layout.a,
      forGroups(packed, b.shape.slice(0, groups), lead),
      bias && ofGroups(bias, groups),
      residual,
      zeroA ?? null,
      scaled?.scale ? ofGroups(scaled.scale, groups) : null,
      ...operands,
    ],
    outputs: [out],
    scratch: [
      lines64(D.mul(taps, 8)),
      lines64(D.mul(rowBlock, (3 + operands.length) * 8)),
      64 + 4096 + SUMS + (operands.length + stages.length) * 1024,
      integers ? lines64(D.mul(count, 4)) : 0,
      D.mul(copy, D.mul(count, stride)),
    ].reduce(D.add),
    items: [
      product(lead),
      D.ceilDiv(rows, rowBlock),
      D.ceilDiv(m, mBlock),
      D.ceilDiv(D.ceilDiv(out.shape.at(-1)!, PANEL), nBlock),
    ].reduce(D.mul),
    ...(stages.length > 0 ? { stages } : {}),
    inplace: residual && residual.dtype === out.dtype ? [3] : [],
  });
}
