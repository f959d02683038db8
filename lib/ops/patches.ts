/**
 * Transposed convolutions whose kernel is as large as the stride: each input pixel becomes a patch of
 * the output of its own. That is one product with the kernel positions side by side as columns.
 */
import type { GraphStage } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { denseStrides, product } from '../tensor/shape.js';
import { emitProduct } from './gemm-step.js';
import { indices } from './images.js';
import { copyStep } from './moving.js';

/** Fewer columns than this waste a panel: then all positions are columns, and the patches are copied. */
const PANEL = 16;

export interface PatchSpec {
  /** [N, ...spatial, C] */
  readonly x: Operand;
  /** [C, M, ...kernel] */
  readonly w: Operand;
  /** [N, ...spatial · kernel, M] */
  readonly out: Operand;
  readonly kernel: readonly number[];
  /** of out's shape by strides */
  readonly bias: Operand | null;
  readonly stages: readonly GraphStage[];
  readonly extras: readonly Operand[];
}

const isVector = (o: Operand): boolean =>
  o.shape.slice(0, -1).every((d, i) => d === 1 || o.strides[i] === 0);

/** Position `at` of the first axes of the kernel, the others as columns: [C, (k…, m)]. */
function weightAt(l: Lowering, w: Operand, at: readonly number[]): Operand {
  const rest = w.shape.slice(2 + at.length);
  const order = [...rest.map((_, i) => 2 + at.length + i), 1];
  const view: Operand = {
    ...w,
    shape: [w.shape[0]!, ...order.map((i) => w.shape[i]!)],
    strides: [w.strides[0]!, ...order.map((i) => w.strides[i]!)],
    offset: at.reduce<Dim>((sum, k, i) => D.add(sum, D.mul(k, w.strides[2 + i]!)), w.offset),
  };
  const dense = l.dense(view);
  const columns = product(view.shape.slice(1));
  return { ...dense, shape: [w.shape[0]!, columns], strides: [columns, 1] };
}

/** A vector of M as `times` of them, of the shape of `out`. */
function repeated(l: Lowering, v: Operand, times: number, out: Operand): Operand {
  const m = v.shape.at(-1)!;
  const row = l.dense({ ...v, shape: [times, m], strides: [0, v.strides.at(-1)!] });
  return {
    ...row,
    shape: out.shape,
    strides: out.shape.map((_, i) => +(i === out.shape.length - 1)),
  };
}

/** Emits the steps; false where the operands do not allow it. */
export function lowerPatches(l: Lowering, spec: PatchSpec): boolean {
  const { x, w, out, kernel, bias, stages, extras } = spec;
  const spatial = kernel.length;
  const m = out.shape.at(-1);
  const last = kernel.at(-1)!;
  const joined = out.strides[spatial] === D.mul(m!, out.strides.at(-1)!);
  if (typeof m !== 'number' || !joined || ![bias ?? [], ...extras].flat().every(isVector))
    return false;
  const multiply = (to: Operand, weights: Operand, times: number): void =>
    emitProduct(l, {
      a: x,
      b: weights,
      out: to,
      groups: 0,
      taps: 0,
      bias: bias && repeated(l, bias, times, to),
      stages,
      extras: extras.map((e) => repeated(l, e, times, to)),
      aElements: product(x.shape),
    });
  const pixels = x.shape.slice(0, -1);
  if (last * m < PANEL) {
    const positions = product(kernel) as number;
    const patches = l.temp('float32', [...pixels, positions * m]);
    multiply(patches, weightAt(l, w, []), positions);
    l.emit(copyStep(...unfolded(patches, out, kernel)));
    return true;
  }
  for (const at of indices(kernel.slice(0, -1))) {
    const offset = at.reduce<Dim>(
      (sum, k, i) => D.add(sum, D.mul(k, out.strides[i + 1]!)),
      out.offset,
    );
    const strides = out.strides.map((s, i) =>
      i >= 1 && i <= spatial ? D.mul(s, kernel[i - 1]!) : s,
    );
    multiply({ ...out, shape: [...pixels, last * m], strides, offset }, weightAt(l, w, at), last);
  }
  return true;
}

/** Patches [N, d…, (k…, m)] and their places in the output, both as [N, d0, k0, d1, k1 …, m]. */
function unfolded(patches: Operand, out: Operand, kernel: readonly number[]): [Operand, Operand] {
  const m = out.shape.at(-1)!;
  const columns = denseStrides([...kernel, m]);
  const shape = [out.shape[0]!, ...kernel.flatMap((k, i) => [patches.shape[i + 1]!, k]), m];
  const from = kernel.flatMap((_, i) => [patches.strides[i + 1]!, columns[i]!]);
  const to = kernel.flatMap((k, i) => [D.mul(out.strides[i + 1]!, k), out.strides[i + 1]!]);
  return [
    { ...patches, shape, strides: [patches.strides[0]!, ...from, 1] },
    { ...out, shape, strides: [out.strides[0]!, ...to, out.strides.at(-1)!] },
  ];
}
