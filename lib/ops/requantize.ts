/** What an 8-bit gemm step does with its int32 sums before the stages (native/gemm/requantize.h). */
import type { Operand, Stage } from '../ir/step.js';
import { rest, scalarOf } from './epilogue.js';

/** Parameters of the kernel; 0 where they do not count. */
const PARAMS = [
  ...['quantize', 'lo', 'hi', 'zero', 'ownZero', 'ownScale', 'otherZero', 'otherScale'],
  ...['divisor', 'sumZero', 'sumLo', 'sumHi'],
] as const;
export type Requantize = Readonly<Record<(typeof PARAMS)[number], number>>;

/** Nothing is quantised. */
export const FLOATS: Requantize = Object.fromEntries(PARAMS.map((p) => [p, 0])) as Requantize;

export interface Scaling {
  /** of the columns */
  readonly scale: Operand | null;
  /** the scaled sums are quantised, and nothing follows; else FLOATS */
  readonly quantize: Requantize;
  /** what quantised sums are added to */
  readonly residual: Operand | null;
  readonly stages: readonly Stage[];
  readonly operands: readonly Operand[];
}

interface Quantizing {
  readonly scale: number;
  readonly zero: number;
  readonly lo: number;
  readonly hi: number;
}

/**
 * Splits `stages` over int32 sums as splitEpilogue does: a first factor, then a last quantisation by it,
 * or also the sum with a quantised residual and the quantisation of that.
 */
export function splitScaling(
  given: readonly Stage[],
  operands: readonly Operand[],
  isBias: (o: Operand) => boolean,
): Scaling {
  const none = { scale: null, quantize: FLOATS, residual: null, stages: given, operands };
  const scaling = given.findIndex((s) => s.args.includes(0));
  const stages = broughtFirst(given, scaling, operands.length);
  const [first] = stages;
  if (first?.kernel !== 'mul.f32' || stages.slice(1).some((s) => s.args.includes(0))) return none;
  const factor = operands[first.args.find((a) => a !== 0)! - 1];
  if (!factor || !isBias(factor) || factor.dtype !== 'float32') return none;
  const found = quantised(stages, operands);
  if (found) return { scale: factor, stages: [], operands: [], ...found };
  return { scale: factor, quantize: FLOATS, residual: null, ...rest(stages, 1, operands) };
}

/** The stages with the i-th, which takes no other's result, in front; `count` operands. */
function broughtFirst(stages: readonly Stage[], i: number, count: number): readonly Stage[] {
  const before = stages.slice(0, Math.max(0, i));
  const slot = (a: number): number => {
    const at = a - count - 1;
    return at < 0 || at > i ? a : at === i ? count + 1 : a + 1;
  };
  const moved = [...stages.slice(i, i + 1), ...before, ...stages.slice(i + 1)];
  return i > 0 ? moved.map((s) => ({ ...s, args: s.args.map(slot) })) : stages;
}

/** The stages behind the first, if they do nothing but quantise. */
function quantised(
  stages: readonly Stage[],
  operands: readonly Operand[],
): Pick<Scaling, 'quantize' | 'residual'> | null {
  const count = operands.length;
  const stageOf = (slot: number): Stage | undefined => stages[slot - count - 1];
  const scaled = count + 1;
  const constant = (slot: number): number | null => scalarOf(operands[slot - 1]);

  /** A quantisation and what it takes. */
  function quantizing(slot: number): (Quantizing & { readonly from: number }) | null {
    const s = stageOf(slot);
    if (s?.kernel !== 'quantize_linear.f32') return null;
    const [from, scale, zero] = [s.args[0]!, constant(s.args[1]!), constant(s.args[2]!)];
    const { lo, hi } = s.params;
    if (scale === null || zero === null || typeof lo !== 'number' || typeof hi !== 'number')
      return null;
    return { from, scale, zero, lo, hi };
  }
  function dequantizing(
    slot: number,
  ): { readonly from: number; readonly scale: number; readonly zero: number } | null {
    const s = stageOf(slot);
    if (s?.kernel !== 'dequantize_linear.f32') return null;
    const [from, zero, scale] = [s.args[0]!, constant(s.args[1]!), constant(s.args[2]!)];
    return scale === null || zero === null ? null : { from, scale, zero };
  }

  const last = quantizing(count + stages.length);
  if (!last) return null;
  if (last.from === scaled) {
    if (stages.length !== 2 || last.scale !== 1) return null;
    const { zero, lo, hi } = last;
    return { quantize: { ...FLOATS, quantize: 1, zero, lo, hi }, residual: null };
  }
  const sum = stageOf(last.from);
  if (sum?.kernel !== 'add.f32' || stages.length !== 6) return null;
  const parts = sum.args.map(dequantizing);
  const own = parts.find((p) => p && quantizing(p.from)?.from === scaled);
  const other = parts.find((p) => p && p !== own);
  const before = own && quantizing(own.from);
  const residual = other && operands[other.from - 1];
  if (!before || before.scale !== 1 || !residual || residual.strides.at(-1) !== 1) return null;
  if (residual.dtype !== 'int8' && residual.dtype !== 'uint8') return null;
  const { zero, lo, hi } = before;
  const quantize = {
    ...{ quantize: 2, zero, lo, hi, ownZero: own.zero, ownScale: own.scale },
    ...{ otherZero: other.zero, otherScale: other.scale, divisor: last.scale },
    ...{ sumZero: last.zero, sumLo: last.lo, sumHi: last.hi },
  };
  return { quantize, residual };
}
