/**
 * Phases of a transposed convolution: the outputs with one remainder modulo the stride are a
 * convolution of stride 1 with every step-th kernel position, the last one first.
 */
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { copyStep } from './moving.js';
import type { PoolAttrs } from './pooling.js';

/** One remainder of one axis: outputs `phase`, phase + stride, … and the kernel positions for them. */
export interface Phase {
  readonly phase: number;
  readonly size: Dim;
  /** positions first, first + step, …: `taps` of them */
  readonly first: number;
  readonly step: number;
  readonly taps: number;
  /** input that the last position meets at output `phase`, and from one to the position before it */
  readonly place: number;
  readonly distance: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The phases of axis i; `axis`: size of the output, and what is cut off before it. */
export function phasesOf(
  attrs: Pick<PoolAttrs, 'kernel' | 'strides' | 'dilations'>,
  i: number,
  axis: { readonly size: Dim; readonly before: Dim },
): Phase[] {
  const [k, s, d] = [attrs.kernel[i]!, attrs.strides[i]!, attrs.dilations[i]!];
  const before = axis.before as number;
  const step = s / gcd(s, d);
  return Array.from({ length: s }, (_, phase) => {
    const reaches = (t: number): boolean => (phase + before - t * d) % s === 0;
    const first = Array.from({ length: Math.min(k, s) }, (_, t) => t).findIndex(reaches);
    const taps = first < 0 ? 0 : Math.floor((k - 1 - first) / step) + 1;
    const last = first + (taps - 1) * step;
    return {
      phase,
      size: D.max(0, D.ceilDiv(D.sub(axis.size, phase), s)),
      first: Math.max(0, first),
      step,
      taps,
      place: taps === 0 ? 0 : (phase + before - last * d) / s,
      distance: (step * d) / s,
    };
  });
}

/** One of each list, in all combinations. */
export const combined = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((x) => [...head, x])), [[]]);

/** What phases need of x beyond its edges. */
export function edgesOf(phases: readonly Phase[], input: Dim): { before: number; after: Dim } {
  const used = phases.filter((p) => p.taps > 0);
  const before = Math.max(0, ...used.map((p) => -p.place));
  const ends = used.map((p) => D.add(p.size, p.place + (p.taps - 1) * p.distance));
  return { before, after: ends.map((e) => D.sub(e, input)).reduce(D.max, 0) };
}

/** Every stride-th element of `o`, of the output's shape. */
export function ofPhase(o: Operand, phases: readonly Phase[], strides: readonly number[]): Operand {
  const axis = (i: number): Phase | undefined => phases[i - 1];
  return {
    ...o,
    shape: o.shape.map((d, i) => axis(i)?.size ?? d),
    strides: o.strides.map((s, i) => (axis(i) ? D.mul(s, strides[i - 1]!) : s)),
    offset: o.strides.reduce<Dim>(
      (sum, s, i) => D.add(sum, D.mul(s, axis(i)?.phase ?? 0)),
      o.offset,
    ),
  };
}

/** The kernel positions of a phase, last ones first: [C, M / group, ...taps], dense. */
export function positionsOf(l: Lowering, w: Operand, phases: readonly Phase[]): Operand {
  const part: Operand = {
    ...w,
    shape: [...w.shape.slice(0, 2), ...phases.map((p) => p.taps)],
    strides: [...w.strides.slice(0, 2), ...phases.map((p, i) => D.mul(w.strides[i + 2]!, p.step))],
    offset: phases.reduce<Dim>(
      (sum, p, i) => D.add(sum, D.mul(w.strides[i + 2]!, p.first)),
      w.offset,
    ),
  };
  const reversed = phases.reduce((mask, p, i) => (p.taps > 1 ? mask | (1 << (i + 2)) : mask), 0);
  if (reversed === 0) return part;
  const turned = l.temp(w.dtype, part.shape);
  l.emit(copyStep(part, turned, reversed));
  return turned;
}
