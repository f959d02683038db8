/**
 * The stages of gemm-like nodes: what runs in the micro-kernel's registers (bias, residual, clamp)
 * and what runs on the finished tile.
 */
import { type Fact, type TensorType, isTensorType } from '../ir/graph.js';
import { type InferContext, shapeError, typeError } from '../ir/op.js';
import { type GraphStage, evalStages, inferStages, lowerStages } from '../ir/stages.js';
import type { Operand, Stage } from '../ir/step.js';
import { sameShape } from '../tensor/shape.js';
import { type Tensor, toNumbers } from '../tensor/tensor.js';
import { tensorOf } from '../tensor/weight.js';

/** Limits of native/gemm/epilogue.h. */
export const MAX_STAGES = 32;
export const MAX_OPERANDS = 16;

/** Fact of a node's output: that of its product unless stages follow, which may not change the shape. */
export function inferEpilogue(
  stages: readonly GraphStage[],
  product: TensorType,
  extras: readonly (Fact | null)[],
  ctx: InferContext,
): Fact {
  const slots = [{ type: product }, ...extras.map((f) => f ?? typeError('stage operand missing'))];
  const result = inferStages(stages, slots, ctx).at(-1)!;
  if (stages.length === 0) return { type: product };
  if (!isTensorType(result.type) || !sameShape(result.type.shape, product.shape))
    shapeError('stages must keep the shape');
  return result;
}

export const evalEpilogue = (
  stages: readonly GraphStage[],
  product: Tensor,
  extras: readonly (Tensor | null)[],
): Tensor =>
  stages.length === 0 ? product : evalStages(stages, [product, ...extras.map((t) => t!)]).at(-1)!;

/** True where the stages can run on f32 tiles. */
export const epilogueLowers = (stages: readonly GraphStage[], extras: number): boolean =>
  stages.length <= MAX_STAGES && extras <= MAX_OPERANDS && lowerStages(stages, 'f32') !== null;

/** What a gemm step does with its products: clamp(product + bias + residual), then the stages. */
export interface Epilogue {
  /** does not vary along rows */
  readonly bias: Operand | null;
  readonly residual: Operand | null;
  readonly lo: number;
  readonly hi: number;
  readonly stages: readonly Stage[];
  /** operands of `stages` */
  readonly operands: readonly Operand[];
}

/** The one element of a constant operand, or null. */
export function scalarOf(o: Operand | undefined): number | null {
  const { weight } = o?.buffer ?? {};
  if (!weight || !o || typeof o.offset !== 'number') return null;
  if (o.shape.some((d, i) => d !== 1 && o.strides[i] !== 0)) return null;
  return toNumbers(tensorOf({ ...weight, shape: [], strides: [], offset: o.offset }))[0]!;
}

/** [lo, hi] that a stage clamps slot `from` to, or null. `operand(slot)`: of the stages. */
function clampOf(
  s: Stage,
  from: number,
  operand: (slot: number) => Operand | undefined,
): readonly [number, number] | null {
  if (s.args[0] !== from || s.args.indexOf(from, 1) >= 0) return null;
  const limit = (i: number) => scalarOf(operand(s.args[i]!));
  const param = (name: string): number | null => {
    const value = s.params[name];
    return typeof value === 'number' ? value : null;
  };
  const ranges: Record<string, () => readonly [number | null, number | null]> = {
    'relu.f32': () => [0, Infinity],
    'clip.f32': () => [param('lo'), param('hi')],
    'max.f32': () => [limit(1), Infinity],
    'min.f32': () => [-Infinity, limit(1)],
  };
  const [lo, hi] = ranges[s.kernel]?.() ?? [null, null];
  return lo == null || hi == null || !(lo <= hi) ? null : [lo, hi];
}

/** The stages from `done` on, over the result of those before, with the operands that they use. */
export function rest(
  stages: readonly Stage[],
  done: number,
  operands: readonly Operand[],
): { readonly stages: Stage[]; readonly operands: Operand[] } {
  const count = operands.length;
  const left = stages.slice(done);
  const used = [...new Set(left.flatMap((s) => s.args.filter((a) => a >= 1 && a <= count)))];
  const slot = (a: number): number =>
    a === (done === 0 ? 0 : count + done)
      ? 0
      : a <= count
        ? 1 + used.indexOf(a)
        : a - count - done + used.length;
  return {
    stages: left.map((s) => ({ ...s, args: s.args.map(slot) })),
    operands: used.map((a) => operands[a - 1]!),
  };
}

/**
 * Splits `stages` (slot 0 the product, then `operands`) into what the registers do and what is left.
 * Operands have the output's shape by strides; their last axis is the columns. `isBias`: operand does
 * not vary along rows. `bias`: one that the op has itself.
 */
export function splitEpilogue(
  stages: readonly Stage[],
  operands: readonly Operand[],
  bias: Operand | null,
  isBias: (o: Operand) => boolean,
): Epilogue {
  let residual: Operand | null = null;
  let [lo, hi] = [-Infinity, Infinity];
  const count = operands.length;
  const operand = (slot: number): Operand | undefined => operands[slot - 1];
  let done = 0;
  for (let current = 0; done < stages.length; done++, current = count + done) {
    const s = stages[done]!;
    if (stages.slice(done + 1).some((later) => later.args.includes(current))) break;
    const clamp = clampOf(s, current, operand);
    if (clamp) {
      // values above hi stay there: clamp(clamp(x, a, b), c, d) is one clamp where the ranges meet
      if (clamp[0] > hi || clamp[1] < lo) break;
      [lo, hi] = [Math.max(lo, clamp[0]), Math.min(hi, clamp[1])];
      continue;
    }
    const other = s.kernel === 'add.f32' ? s.args.find((a) => a !== current) : undefined;
    const added = other === undefined ? undefined : operand(other);
    if (!added || lo !== -Infinity || hi !== Infinity || added.strides.at(-1) !== 1) break;
    if (!bias && isBias(added)) bias = added;
    else if (!residual) residual = added;
    else break;
  }
  return { bias, residual, lo, hi, ...rest(stages, done, operands) };
}
