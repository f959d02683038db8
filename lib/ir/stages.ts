/** Element-wise operations carried inside another node: chains, and epilogues of gemm-like ops. */
import type { Tensor } from '../tensor/tensor.js';
import type { Fact } from './graph.js';
import type { InferContext, OpDef } from './op.js';
import { raise } from '../errors.js';
import type { Stage } from './step.js';

/** `args` are slots: 0…n−1 what the carrier provides, then the results of earlier stages. */
export interface GraphStage {
  readonly op: OpDef;
  readonly attrs: unknown;
  readonly args: readonly number[];
}

/** Facts of all slots after the stages; the last is the result. */
export function inferStages(
  stages: readonly GraphStage[],
  slots: readonly Fact[],
  ctx: InferContext,
): Fact[] {
  const all = [...slots];
  for (const s of stages)
    all.push(
      ...s.op.infer(
        s.args.map((a) => all[a]!),
        s.attrs,
        ctx,
      ),
    );
  return all;
}

/** Tensors of all slots after the stages; the last is the result. */
export function evalStages(stages: readonly GraphStage[], slots: readonly Tensor[]): Tensor[] {
  const all = [...slots];
  for (const s of stages) {
    if (!s.op.eval) raise('HAIO_E_INTERNAL', { reason: `op ${s.op.name} has no eval` });
    all.push(
      s.op.eval(
        s.args.map((a) => all[a]!),
        s.attrs,
      )[0]!,
    );
  }
  return all;
}

/** The arithmetic a stage runs in: f32 for 32- and 16-bit floats, f64, or i64 for integers and bool. */
export type Domain = 'f32' | 'f64' | 'i64';
export const domainOf = (dtype: Tensor['dtype']): Domain =>
  dtype === 'float64'
    ? 'f64'
    : dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16'
      ? 'f32'
      : 'i64';

/** The step form of graph stages in `domain`; null when one has no kernel. */
export function lowerStages(stages: readonly GraphStage[], domain: Domain): Stage[] | null {
  const out: Stage[] = [];
  for (const s of stages) {
    const spec = s.op.stage?.(s.attrs);
    if (!spec) return null;
    out.push({ kernel: `${spec.kernel}.${domain}`, params: spec.params, args: s.args });
  }
  return out;
}
